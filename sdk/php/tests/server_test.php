<?php

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\Config;
use Keystead\Licensed\Server;

function question(int $port, array $more = []): Server
{
    $i = new Installation([], false);

    return new Server(new Config($more + ['server' => "http://127.0.0.1:$port/prefix/", 'timeout' => 0.6] + $i->config()));
}

$tests = [];

foreach (['drip head' => 'timeout', 'drip body' => 'timeout', 'silence' => 'timeout', 'no http' => 'bad_answer', 'flood' => 'bad_answer', 'reset' => 'unreachable'] as $what => $code) {
    $tests["a server that does not keep to HTTP: $what"] = static function () use ($what, $code): void {
        $port = freePort();
        $stop = start([PHP_BINARY, __DIR__ . '/raw.php', (string) $port, $what], $port);
        if ($what !== 'silence' && strpos($what, 'drip') !== 0) {
            $silence = question($port, ['timeout' => PATIENCE])->post('validate', ['license_key' => 'x'])->silence;
            holds($silence === $code || $silence === 'unreachable', "want $code, got $silence"); // a reset may come first
        } else {
            $stop(); // it is busy with the connection that tried whether it listens
            start([PHP_BINARY, __DIR__ . '/raw.php', (string) $port, $what], $port);
            $begun = microtime(true);
            same($code, question($port)->post('validate', ['license_key' => 'x'])->silence);
            holds(microtime(true) - $begun < PATIENCE, 'it waited for ' . (microtime(true) - $begun));
        }
    };
}

$tests['chunks are joined'] = static function (): void {
    $port = freePort();
    start([PHP_BINARY, '-d', 'variables_order=EGPCS', __DIR__ . '/raw.php', (string) $port, 'chunked'], $port, ['KEYSTEAD_BODY' => '{"data":{"lease":"' . str_repeat('a', 500) . '"}}']);
    same(str_repeat('a', 500), question($port, ['timeout' => PATIENCE])->post('validate', ['license_key' => 'x'])->lease);
};

$tests['https without a certificate that is trusted is no answer; with one it is'] = static function (): void {
    $folder = folder();
    $key = openssl_pkey_new(['private_key_bits' => 2048]);
    file_put_contents("$folder/openssl.cnf", "[req]\ndistinguished_name=dn\n[dn]\n[v3]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=CA:TRUE\n");
    $options = ['config' => "$folder/openssl.cnf", 'x509_extensions' => 'v3', 'digest_alg' => 'sha256'];
    $request = openssl_csr_new(['commonName' => '127.0.0.1'], $key, $options);
    $certificate = openssl_csr_sign($request, null, $key, 2, $options);
    openssl_x509_export($certificate, $pem);
    openssl_pkey_export($key, $private);
    file_put_contents("$folder/both.pem", $pem . $private);
    file_put_contents("$folder/ca.pem", $pem);
    $script = '$s = stream_socket_server("tls://127.0.0.1:" . $argv[1], $n, $m, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, stream_context_create(["ssl" => ["local_cert" => $argv[2]]]));'
        . 'while (true) { $c = @stream_socket_accept($s, 300); if ($c) { fread($c, 4096); $b = \'{"data":{"lease":"yes"}}\'; fwrite($c, "HTTP/1.1 200 OK\r\nContent-Length: " . strlen($b) . "\r\n\r\n$b"); fclose($c); } }';
    $port = freePort();
    start([PHP_BINARY, '-r', $script, (string) $port, "$folder/both.pem"], $port);
    same('unreachable', question($port, ['server' => "https://127.0.0.1:$port", 'timeout' => PATIENCE])->post('validate', ['license_key' => 'x'])->silence);
    same('yes', question($port, ['server' => "https://127.0.0.1:$port", 'timeout' => PATIENCE, 'connectTimeout' => PATIENCE, 'tls' => ['cafile' => "$folder/ca.pem"]])->post('validate', ['license_key' => 'x'])->lease);
};

return $tests;
