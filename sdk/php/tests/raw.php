<?php

// A server that does not keep to HTTP: php raw.php port what. Answers one connection after another.

declare(strict_types=1);

$server = stream_socket_server('tcp://127.0.0.1:' . $argv[1]);
while (true) {
    set_error_handler(static function (): bool {
        return true;
    });
    $c = stream_socket_accept($server, 300);
    if ($c === false) {
        exit;
    }
    switch ($argv[2]) {
        case 'drip head':
            for ($n = 0; $n < 3000 && fwrite($c, $n === 0 ? 'HTTP/1.1 200 OK' : "\r\nX-$n: x") !== false; $n++) {
                usleep(100000);
            }
            break;
        case 'drip body':
            fwrite($c, "HTTP/1.1 200 OK\r\n\r\n");
            for ($n = 0; $n < 3000 && fwrite($c, ' ') !== false; $n++) {
                usleep(100000);
            }
            break;
        case 'silence':
            sleep(300);
            break;
        case 'no http':
            fwrite($c, "220 mail.example ESMTP\r\n\r\n");
            break;
        case 'flood':
            for ($n = 0; $n < 1000 && fwrite($c, str_repeat('x', 65536)) !== false; $n++) {
            }
            break;
        case 'chunked': // and the connection stays open until the client goes
            fread($c, 4096);
            $body = (string) getenv('KEYSTEAD_BODY');
            fwrite($c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            foreach (str_split($body, 100) as $part) {
                fwrite($c, dechex(strlen($part)) . "\r\n$part\r\n");
            }
            fwrite($c, "0\r\n\r\n");
            break;
        case 'reset':
            break;
    }
    fclose($c);
    restore_error_handler();
}
