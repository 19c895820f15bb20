# Start a server, speak to it, drive it with redis-benchmark over loopback, and start it again from its dump.
port=$((20000 + $$ % 20000))
start() {
    redis-server --port $port --bind 127.0.0.1 --save '' --dir . --logfile server.log --daemonize no &
    server=$!
    for try in $(seq 100); do
        [ "$(redis-cli -p $port ping 2>&1)" = PONG ] && return
        sleep 0.2
    done
    echo "the server does not answer"; cat server.log; exit 1
}
cli() { redis-cli -p $port "$@"; }
start
cli ping
cli set key value
cli get key
cli rpush list a b c
cli lrange list 0 -1 | sed = | sed 'N;s/\(.*\)\n\(.*\)/\1) "\2"/'
cli eval 'return redis.call("llen", "list")' 0
for test in set get lpush; do
    redis-benchmark -p $port -t $test -n 2000 -c 20 -q > benchmark.log 2>&1 && grep -qi "$test.*requests per second" benchmark.log &&
        echo "$test done"
done
cli bgsave > /dev/null
for try in $(seq 50); do [ -s dump.rdb ] && break; sleep 0.2; done
cli shutdown save
wait $server
start
echo "restarted: $(cli get key)"
cli shutdown nosave
wait $server
rm -f dump.rdb server.log benchmark.log
