<?php

// Tries both clients: php client_test.php. Prints TAP, exits with 1 when something fails.

declare(strict_types=1);

error_reporting(E_ALL);
set_error_handler(static function (int $kind, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $kind, $file, $line);
});

$number = $failed = 0;

function check(string $name, $want, $got): void
{
    global $number, $failed;
    $number++;
    $ok = $want === $got;
    $failed += $ok ? 0 : 1;
    echo $ok ? 'ok' : 'not ok', " $number - $name\n", $ok ? '' : '# want ' . json_encode($want) . "\n# got  " . json_encode($got) . "\n";
}

/** @param list<string> $command */
function run(array $command, string $stdin = '')
{
    $process = proc_open($command, [0 => ['pipe', 'r'], 1 => ['pipe', 'w'], 2 => STDERR], $pipes);
    fwrite($pipes[0], $stdin);
    fclose($pipes[0]);
    $out = stream_get_contents($pipes[1]);
    proc_close($process);

    return json_decode((string) $out, true);
}

$free = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($free, false);
fclose($free);
$server = proc_open([PHP_BINARY, '-S', $address, __DIR__ . '/router.php'], [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
register_shutdown_function(static function () use ($server): void {
    proc_terminate($server, 9);
});
for ($n = 0; $n < 1000; $n++) {
    try {
        fclose(stream_socket_client("tcp://$address"));
        break;
    } catch (ErrorException $e) {
        usleep(10000);
    }
}

$vectors = (string) file_get_contents(__DIR__ . '/localkey.json');
$bodies = [
    '<status>Active</status><registeredname>Ann &amp; &lt;Co&gt; &#039;s</registeredname>' => [true, ['status' => 'Active', 'registeredname' => "Ann & <Co> 's"]],
    '' => [true, []],
    '<?xml version="1.0"?><status>Active</status>' => [false, ['status' => 'Active']],
    "<status>Active</status>\n<message>x</message>" => [false, ['status' => 'Active', 'message' => 'x']],
    '<status></status>' => [false, ['status' => '']],
    "<message>a\nb</message>" => [false, ['message' => "a\nb"]],
    '<r><status>Active</status></r>' => [false, ['status' => 'Active']],
    '<status a="b">Active</status>' => [false, []],
    '<html><h1>Down for maintenance</h1></html>' => [false, ['h1' => 'Down for maintenance']],
];
foreach (['php' => [PHP_BINARY, __DIR__ . '/client.php'], 'python' => ['python3', __DIR__ . '/client.py']] as $language => $client) {
    $got = run(array_merge($client, ['--localkey']), $vectors);
    foreach (json_decode($vectors, true)['cases'] as $i => $case) {
        check("$language: local key: {$case['name']}", $case['want'], $got[$i] ?? null);
    }
    foreach ($bodies as $body => [$flat, $tags]) {
        $parsed = run(array_merge($client, ['--parse']), (string) $body);
        check("$language: parse: " . strtok((string) $body, "\n"), [$flat, $tags], [$parsed['flat'] ?? null, $parsed['tags'] ?? null]);
    }
    $ask = static function (string ...$arguments) use ($client, $address) {
        return run(array_merge($client, ['--url', "http://$address/billing/modules/servers/licensing/verify.php"], $arguments));
    };
    $plain = $ask('--key', 'K 1&2', '--domain', 'example.com', '--ip=', '--dir', '/srv/ä', '--secret', 'secret', '--field', 'extra=a=b');
    check("$language: urlencoded", ['', 200, true, 'right', 'Active', 'Ann & <Co>', 'HTTP/1.1', 'application/x-www-form-urlencoded', '&', 'licensekey,domain,ip,dir,check_token,extra', '/srv/ä', 'a=b'],
        [$plain['error'], $plain['http'], $plain['flat'], $plain['hash'], $plain['tags']['status'], $plain['tags']['registeredname'], $plain['tags']['protocol'], $plain['tags']['form'],
            $plain['tags']['end'], $plain['tags']['fields'], $plain['tags']['dir'], $plain['tags']['extra'], ]);
    $other = $ask('--key', 'K', '--domain', 'example.com', '--secret', 'wrong', '--multipart', '--http10', '--expect');
    check("$language: multipart, HTTP/1.0", ['wrong', 'HTTP/1.0', 'multipart/form-data', 'licensekey,domain,check_token', 'example.com'],
        [$other['hash'], $other['tags']['protocol'], $other['tags']['form'], $other['tags']['fields'], $other['tags']['domain']]);
    $few = $ask('--key', 'K', '--no-token', '--no-amp', '--expect', '--secret', 'secret');
    check("$language: no token, no ampersand", ['', 'licensekey', 'K'], [$few['hash'], $few['tags']['fields'], $few['tags']['end']]);
    check("$language: no hash in the answer", 'absent', $ask('--key', 'bare', '--secret', 'secret')['hash']);
    $down = $ask('--key', 'down');
    check("$language: 503 without a body", ['', 503, '', []], [$down['error'], $down['http'], $down['body'], $down['tags']]);
    check("$language: nobody there", 'connect', run(array_merge($client, ['--url', 'http://127.0.0.1:1/verify.php', '--key', 'K']))['error']);
    check("$language: too slow", 'timeout', $ask('--key', 'slow', '--timeout', '0.3')['error']);
    check("$language: wrong arguments", null, run(array_merge($client, ['--nonsense'])));
}
echo "1..$number\n";
exit($failed === 0 ? 0 : 1);
