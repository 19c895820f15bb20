// A Go program: many goroutines on several threads, stacks of its own, signals that preempt loops, garbage collection,
// children, and a server on the loopback interface. With an argument it is its own child.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type node struct {
	left, right *node
	value       int
}

func build(depth int) *node {
	if depth == 0 {
		return &node{value: 1}
	}
	return &node{build(depth - 1), build(depth - 1), depth}
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() + n.right.sum()
}

func deep(n int) int {
	var pad [100]int
	pad[n%100] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + pad[n%100] - n + 1
}

func together(count int, work func(i int)) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			work(i)
		}(i)
	}
	group.Wait()
}

func counters() {
	var total int64
	var lock sync.Mutex
	seen := map[int]int{}
	together(100, func(i int) {
		for j := 0; j < 1000; j++ {
			atomic.AddInt64(&total, 1)
			if j%50 == 0 {
				lock.Lock()
				seen[j]++
				lock.Unlock()
			}
		}
	})
	fmt.Println(total, len(seen), seen[50])
	numbers := make(chan int)
	go func() {
		for i := 0; i < 10000; i++ {
			numbers <- i
		}
		close(numbers)
	}()
	sum := 0
	for number := range numbers {
		sum += number
	}
	fmt.Println(sum)
}

func memory() {
	sums := make([]int, 8)
	together(8, func(i int) {
		for k := 0; k < 4; k++ {
			sums[i] += build(11).sum()
		}
	})
	runtime.GC()
	fmt.Println(sums, deep(20000))
}

func signals() {
	var stop int32
	done := make(chan bool)
	go func() {
		for x := 0; atomic.LoadInt32(&stop) == 0; x++ {
		}
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	runtime.GC() // which preempts the loop
	atomic.StoreInt32(&stop, 1)
	<-done
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p *node
		fmt.Println(p.value)
	}()
	came := make(chan os.Signal, 1)
	signal.Notify(came, syscall.SIGUSR1)
	for i := 0; i < 5; i++ {
		syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		<-came
	}
	ticker := time.NewTicker(2 * time.Millisecond)
	for i := 0; i < 5; i++ {
		<-ticker.C
	}
	fmt.Println("signals")
}

func children() {
	var right int64
	together(4, func(i int) {
		output, err := exec.Command(os.Args[0], "child").Output()
		if string(output) == "child\n" && err != nil && err.Error() == "exit status 3" {
			atomic.AddInt64(&right, 1)
		}
	})
	_, err := exec.Command(os.Args[0] + "-missing").Output()
	fmt.Println(right, "children", err != nil)
}

func server() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				io.Copy(connection, connection)
			}()
		}
	}()
	var right int64
	together(20, func(i int) {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		defer connection.Close()
		text := fmt.Sprintf("hello %d\n", i)
		io.WriteString(connection, text)
		answer := make([]byte, len(text))
		io.ReadFull(connection, answer)
		if string(answer) == text {
			atomic.AddInt64(&right, 1)
		}
	})
	fmt.Println(right, "answers")
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println("child")
		os.Exit(3)
	}
	counters()
	memory()
	signals()
	children()
	server()
}
