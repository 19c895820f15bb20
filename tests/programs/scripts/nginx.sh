# Serve the working folder with nginx, and ask for a file 1,000 times over ten connections that are kept.
port=$((20000 + $$ % 20000))
mkdir -p logs
cat > nginx.conf <<END
worker_processes 2;
user root;
pid $PWD/nginx.pid;
error_log $PWD/logs/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $PWD/logs/1; proxy_temp_path $PWD/logs/2; fastcgi_temp_path $PWD/logs/3;
    uwsgi_temp_path $PWD/logs/4; scgi_temp_path $PWD/logs/5;
    keepalive_requests 1000;
    server { listen 127.0.0.1:$port; root $PWD; }
}
END
nginx -p "$PWD" -c "$PWD/nginx.conf" || { cat logs/error.log; exit 1; }
perl -MIO::Socket::INET -e '
    my ($port, $right) = (shift, 0);
    sub ask {
        my ($socket, $path) = @_;
        print $socket "GET $path HTTP/1.1\r\nHost: localhost\r\n\r\n";
        my ($length, $status) = (0, (split " ", scalar <$socket>)[1]);
        while ((my $line = <$socket>) ne "\r\n") { $length = $1 if $line =~ /^content-length: (\d+)/i }
        read $socket, my $body, $length;
        return ($status, $body);
    }
    sub reach { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) // die "cannot connect: $!" }
    my $expected = do { local (@ARGV, $/) = "text.txt"; <> };
    print +(split /^/, (ask(reach(), "/text.txt"))[1])[0];
    print +(ask(reach(), "/no-such-file"))[0], "\n";
    for (1 .. 10) {
        my $socket = reach();
        for (1 .. 100) { my ($status, $body) = ask($socket, "/text.txt"); $right++ if $status == 200 && $body eq $expected }
    }
    print "1000 requests, $right right\n";
' $port
nginx -p "$PWD" -c "$PWD/nginx.conf" -s quit
for try in $(seq 100); do [ -e nginx.pid ] || break; sleep 0.1; done
[ -e nginx.pid ] || echo stopped
