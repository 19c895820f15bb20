/* Children, waiting and execve, checked from inside; prints ok. With arguments it is one of the children. */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sched.h>
extern char **environ;
static int failures;
#define CHECK(what) do { if (!(what)) { printf("line %d: %s: %s\n", __LINE__, #what, strerror(errno)); failures++; } } while (0)
static char exited_with(pid_t pid, int status){int s;return waitpid(pid,&s,0)==pid && WIFEXITED(s) && WEXITSTATUS(s)==status;}
int main(int argc,char**argv){
  if(argc>1){ /* child modes */
    if(!strcmp(argv[1],"env")) return strcmp(getenv("GIVEN")?:"","value") || argc!=3 || strcmp(argv[2],"an arg with spaces");
    if(!strcmp(argv[1],"fds")) return fcntl(atoi(argv[2]),F_GETFD)!=-1 ? (fcntl(atoi(argv[3]),F_GETFD)==-1&&errno==EBADF ? 0:2):1;
    if(!strcmp(argv[1],"exit")) return atoi(argv[2]);
    if(!strcmp(argv[1],"crash")) { *(volatile int*)0=1; return 0; }
    if(!strcmp(argv[1],"args")) return argc-2;
    if(!strcmp(argv[1],"open")) return open(argv[2],O_RDONLY)<0 ? errno : 0;
    if(!strcmp(argv[1],"loop")) for(;;) ;
    if(!strcmp(argv[1],"replace")) { execv(argv[2],argv+2); return errno; }
    if(!strcmp(argv[1],"fork")) { int status; pid_t child=fork(); if(child<0) return errno;
      if(!child){ if(argc>2&&!strcmp(argv[2],"loop")) for(;;) ; if(argc>2) execv(argv[3],argv+3); _exit(0); }
      waitpid(child,&status,0); return WIFEXITED(status)?WEXITSTATUS(status):128; }
    if(!strcmp(argv[1],"pid")) return getpid()!=atoi(argv[2]);
    return 99;
  }
  static char missing[5000]; snprintf(missing,sizeof missing,"%s.missing",argv[0]);
  pid_t pid; int status; siginfo_t info; struct rusage usage;
  /* fork, exit status, copy on write, shared memory */
  int *shared=mmap(0,4096,PROT_READ|PROT_WRITE,MAP_SHARED|MAP_ANONYMOUS,-1,0), local=1;
  pid_t parent=getpid();
  pid=fork(); if(!pid){local=2;*shared=42; _exit(getppid()==parent&&getpid()!=parent?17:1);}
  CHECK(exited_with(pid,17)); CHECK(local==1); CHECK(*shared==42);
  /* signals */
  pid=fork(); if(!pid){signal(SIGTERM,SIG_DFL);raise(SIGTERM);_exit(0);}
  CHECK(wait4(pid,&status,0,&usage)==pid && WIFSIGNALED(status) && WTERMSIG(status)==SIGTERM);
  CHECK(usage.ru_maxrss>0 && usage.ru_utime.tv_sec<100);
  CHECK(wait(&status)==-1 && errno==ECHILD);
  /* waitid, WNOHANG, WNOWAIT */
  int fds[2]; CHECK(!pipe(fds)); char c;
  pid=fork(); if(!pid){close(fds[1]); read(fds[0],&c,1); _exit(9);}
  CHECK(waitpid(pid,&status,WNOHANG)==0);
  memset(&info,1,sizeof info); CHECK(!waitid(P_PID,pid,&info,WEXITED|WNOHANG) && info.si_pid==0 && info.si_signo==0);
  close(fds[1]); close(fds[0]);
  memset(&info,0,sizeof info); CHECK(!waitid(P_PID,pid,&info,WEXITED|WNOWAIT));
  CHECK(info.si_pid==pid && info.si_status==9 && info.si_code==CLD_EXITED && info.si_signo==SIGCHLD && info.si_uid==getuid());
  CHECK(exited_with(pid,9));
  /* vfork shares memory (musl's is fork) */
  volatile int seen=0; static int heap_seen; char *heap=malloc(1<<20);
  pid=vfork(); if(!pid){seen=5; heap_seen=6; strcpy(heap+500000,"written"); _exit(3);}
#ifdef __GLIBC__
  CHECK(seen==5 && heap_seen==6 && !strcmp(heap+500000,"written"));
#endif
  CHECK(exited_with(pid,3));
  /* posix_spawn: result, failure */
  char *args[]={argv[0],"env","an arg with spaces",0}, *vars[]={"GIVEN=value",0};
  CHECK(!posix_spawn(&pid,argv[0],0,0,args,vars)); CHECK(exited_with(pid,0));
  CHECK(posix_spawn(&pid,missing,0,0,args,vars)==ENOENT);
  posix_spawn_file_actions_t actions; posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions,1,50);
  int closing=open("/dev/null",O_RDONLY|O_CLOEXEC), staying=open("/dev/null",O_RDONLY);
  char a[20],b[20]; sprintf(a,"%d",staying); sprintf(b,"%d",closing);
  char *fdargs[]={argv[0],"fds",a,b,0};
  CHECK(!posix_spawn(&pid,argv[0],&actions,0,fdargs,environ)); CHECK(exited_with(pid,0));
  char *fdargs2[]={argv[0],"fds","50",b,0};
  CHECK(!posix_spawn(&pid,argv[0],&actions,0,fdargs2,environ)); CHECK(exited_with(pid,0));
  /* exec keeps the pid; a crash is seen */
  pid=fork(); if(!pid){sprintf(a,"%d",getpid()); execl(argv[0],argv[0],"pid",a,(char*)0); _exit(77);} CHECK(exited_with(pid,0));
  /* failures of execve */
  CHECK(execl(missing,"x",(char*)0)==-1 && errno==ENOENT);
  CHECK(execl("/dev/null","x",(char*)0)==-1 && errno==EACCES);
  char *huge=malloc(3<<20); memset(huge,'a',(3<<20)-1); huge[(3<<20)-1]=0;
  CHECK(execl(argv[0],argv[0],"args",huge,(char*)0)==-1 && errno==E2BIG);
  /* fexecve */
  int self=open(argv[0],O_RDONLY); pid=fork(); if(!pid){char*v[]={"x","exit","21",0}; fexecve(self,v,environ); _exit(78);} CHECK(exited_with(pid,21));
  /* process groups */
  pid=fork(); if(!pid){_exit(!(setpgid(0,0)==0 && getpgrp()==getpid()));} CHECK(exited_with(pid,0));
  pid=fork(); if(!pid){_exit(!(setsid()==getpid() && getsid(0)==getpid()));} CHECK(exited_with(pid,0));
  /* many children */
  for(int i=0;i<20;i++){pid=fork(); if(!pid)_exit(i);} int sum=0; while(wait(&status)>0) sum+=WEXITSTATUS(status); CHECK(sum==190);
  pid=fork(); if(!pid){ pid_t inner=fork(); if(!inner) _exit(5); _exit(exited_with(inner,5)?6:1);} CHECK(exited_with(pid,6));
  printf(failures?"failed\n":"ok\n"); return failures!=0;
}
