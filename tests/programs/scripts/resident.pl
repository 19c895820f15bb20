# Live long: children, pipes, files, alarms and signals, round after round; each round prints its number and a sum.
use strict;
use Time::HiRes qw(ualarm);
$| = 1;
my ($usr, $alarms, $children) = (0, 0, 0);
$SIG{USR1} = sub { $usr++ };
$SIG{ALRM} = sub { $alarms++ };
$SIG{TERM} = sub { print "end $usr $alarms\n"; exit 0 };
my $rest = "$ENV{HOME}/resident-$$";
for (my $round = 1; ; $round++) {
    my $sum = $round;
    $sum = ($sum * 31 + $_) % 65521 for 1 .. 2000;
    ualarm(1000);
    pipe(my $read, my $write) or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $SIG{$_} = "IGNORE" for qw(USR1 ALRM TERM);
        close $read;
        print $write $sum, "\n";
        close $write;
        require POSIX;
        POSIX::_exit($round % 100);
    }
    close $write;
    my $line;
    $line = <$read> until defined $line || eof $read;
    close $read;
    my $waited;
    do { $waited = waitpid $pid, 0 } while $waited == -1 && $!{EINTR};
    die "the child ended with $?" unless $waited == $pid && $? >> 8 == $round % 100;
    die "the child said $line" unless $line == $sum;
    if ($round % 10 == 0) {
        my $listed = `echo $sum | tr 0-9 a-j`;
        (my $expected = "$sum\n") =~ tr/0-9/a-j/;
        die "tr said $listed" unless $listed eq $expected;
        open my $file, ">", $rest or die "$rest: $!";
        print $file "x" x 10000 for 1 .. 20;
        close $file;
        die "the file has " . -s $rest unless -s $rest == 200000;
        unlink $rest;
    }
    print "$round $sum\n";
}
