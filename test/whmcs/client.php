<?php

// A client of WHMCS's licensing protocol, for tests. See README.md.

declare(strict_types=1);

namespace Keystead\Whmcs;

/** @return array{flat:bool,tags:array<string,string>} */
function parse(string $body): array
{
    $tags = [];
    $at = 0;
    $flat = true;
    while (preg_match('#<([A-Za-z0-9_]+)>([^<>]*)</\1>#', $body, $m, PREG_OFFSET_CAPTURE, $at) === 1) {
        $flat = $flat && $m[0][1] === $at && !isset($tags[$m[1][0]]) && $m[2][0] !== '' && strpbrk($m[2][0], "\r\n") === false;
        $tags[$m[1][0]] = html_entity_decode($m[2][0], ENT_QUOTES | ENT_XML1, 'UTF-8');
        $at = $m[0][1] + strlen($m[0][0]);
    }

    return ['flat' => $flat && $at === strlen($body), 'tags' => $tags];
}

/**
 * What a client does today, given what it kept of its last good check.
 *
 * @param array<string,mixed>|null  $kept   day (a number of days), and the tags status, validdomain, validip, validdirectory
 * @param array<string,string>      $place  domain, ip, dir
 * @param array<string,string>|null $answer tags, if the server is asked; null: it does not answer
 * @return array{asks:bool,status:string,by:string}
 */
function localKey(?array $kept, int $today, array $place, ?array $answer, int $valid = 15, int $more = 5): array
{
    $age = $kept === null ? 0 : $today - $kept['day'];
    $fits = $kept !== null && $age >= 0 && ($kept['status'] ?? '') === 'Active';
    foreach (['validdomain' => 'domain', 'validip' => 'ip', 'validdirectory' => 'dir'] as $tag => $own) {
        $fits = $fits && in_array($place[$own] ?? '', explode(',', $kept[$tag] ?? ''), true);
    }
    if ($fits && $age < $valid) {
        return ['asks' => false, 'status' => 'Active', 'by' => 'local key'];
    }
    if ($answer !== null) {
        return ['asks' => true, 'status' => $answer['status'] ?? 'Invalid', 'by' => 'server'];
    }
    if ($fits && $age < $valid + $more) {
        return ['asks' => true, 'status' => 'Active', 'by' => 'grace'];
    }

    return ['asks' => true, 'status' => 'Invalid', 'by' => 'nothing'];
}

/** @param list<array{string,string}> $fields */
function urlencoded(array $fields, bool $amp): string
{
    $body = '';
    foreach ($fields as [$name, $value]) {
        $body .= urlencode($name) . '=' . urlencode($value) . '&';
    }

    return $amp ? $body : rtrim($body, '&');
}

/** @param list<array{string,string}> $fields */
function multipart(array $fields, string $boundary): string
{
    $body = '';
    foreach ($fields as [$name, $value]) {
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"\r\n\r\n$value\r\n";
    }

    return "$body--$boundary--\r\n";
}

/** Reads until a condition holds, the peer closes or the time is over; false: it is over. */
function readUntil($stream, string &$got, callable $enough, float $deadline): bool
{
    while (!$enough($got)) {
        $part = fread($stream, 8192);
        if ($part !== false && $part !== '') {
            $got .= $part;
        } elseif (feof($stream)) {
            return true;
        } elseif (microtime(true) > $deadline) {
            return false;
        } else {
            usleep(2000);
        }
    }

    return true;
}

function isWhole(string $raw): bool
{
    [$head, $body] = explode("\r\n\r\n", $raw, 2) + [1 => null];
    if ($body === null) {
        return false;
    }
    if (preg_match('/\r\nContent-Length:\s*(\d+)/i', $head, $m) === 1) {
        return strlen($body) >= (int) $m[1];
    }

    return preg_match('/\r\nTransfer-Encoding:\s*chunked/i', $head) === 1 && preg_match('/(\A|\r\n)0\r\n/', $body) === 1;
}

function unchunk(string $body): string
{
    $whole = '';
    while (preg_match('/\A([0-9a-f]+)[^\r\n]*\r\n/i', $body, $m) === 1 && hexdec($m[1]) > 0) {
        $whole .= substr($body, strlen($m[0]), (int) hexdec($m[1]));
        $body = (string) substr($body, strlen($m[0]) + (int) hexdec($m[1]) + 2);
    }

    return $whole;
}

/**
 * @param array<string,mixed> $o
 * @return array<string,mixed>
 */
function call(array $o): array
{
    $result = ['error' => '', 'http' => 0, 'headers' => new \stdClass(), 'body' => '', 'flat' => false, 'tags' => new \stdClass(), 'hash' => ''];
    $url = (array) parse_url($o['url']);
    $secure = ($url['scheme'] ?? '') === 'https';
    $deadline = microtime(true) + (float) ($o['timeout'] ?? 30);
    $tls = isset($o['ca']) ? ['cafile' => $o['ca']] : [];
    if (isset($o['insecure'])) {
        $tls = ['verify_peer' => false, 'verify_peer_name' => false];
    }
    set_error_handler(static function (): bool {
        return true;
    });
    $stream = stream_socket_client(($secure ? 'tls://' : 'tcp://') . $url['host'] . ':' . ($url['port'] ?? ($secure ? 443 : 80)), $number, $message,
        (float) ($o['timeout'] ?? 30), STREAM_CLIENT_CONNECT, stream_context_create(['ssl' => $tls]));
    restore_error_handler();
    if ($stream === false) {
        return ['error' => microtime(true) > $deadline ? 'timeout' : 'connect'] + $result;
    }
    $token = isset($o['no-token']) ? null : (string) ($o['token'] ?? time() . md5(random_bytes(16) . $o['key']));
    $fields = [['licensekey', (string) ($o['key'] ?? '')]];
    foreach (['domain', 'ip', 'dir'] as $name) {
        if (isset($o[$name])) {
            $fields[] = [$name, (string) $o[$name]];
        }
    }
    if ($token !== null) {
        $fields[] = ['check_token', $token];
    }
    foreach ($o['field'] ?? [] as $field) {
        $fields[] = explode('=', $field, 2) + [1 => ''];
    }
    $boundary = 'b' . bin2hex(random_bytes(12));
    $body = isset($o['multipart']) ? multipart($fields, $boundary) : urlencoded($fields, !isset($o['no-amp']));
    $head = 'POST ' . ($url['path'] ?? '/') . (isset($url['query']) ? '?' . $url['query'] : '') . ' HTTP/1.' . (isset($o['http10']) ? '0' : '1') . "\r\n"
        . 'Host: ' . $url['host'] . (isset($url['port']) ? ':' . $url['port'] : '') . "\r\n"
        . 'Content-Type: ' . (isset($o['multipart']) ? "multipart/form-data; boundary=$boundary" : 'application/x-www-form-urlencoded') . "\r\n"
        . 'Content-Length: ' . strlen($body) . "\r\nConnection: close\r\n" . (isset($o['expect']) ? "Expect: 100-continue\r\n" : '') . "\r\n";
    $raw = '';
    stream_set_blocking($stream, false);
    fwrite($stream, $head);
    if (isset($o['expect'])) {
        readUntil($stream, $raw, static function (string $got): bool {
            return strpos($got, "\r\n\r\n") !== false;
        }, min($deadline, microtime(true) + 1));
        $raw = (string) preg_replace('#\AHTTP/1\.1 100[^\r]*\r\n(?:[^\r]+\r\n)*\r\n#', '', $raw);
    }
    if ($raw === '') {
        fwrite($stream, $body);
    }
    $intime = readUntil($stream, $raw, static function (string $got): bool {
        return isWhole($got);
    }, $deadline);
    fclose($stream);
    if (!$intime) {
        return ['error' => 'timeout'] + $result;
    }
    $raw = (string) preg_replace('#\AHTTP/1\.1 100[^\r]*\r\n(?:[^\r]+\r\n)*\r\n#', '', $raw);
    if (preg_match('#\AHTTP/1\.[01] (\d{3})[^\r\n]*\r\n(.*?)\r\n\r\n(.*)\z#s', $raw, $m) !== 1) {
        return ['error' => 'http'] + $result;
    }
    $headers = [];
    foreach (explode("\r\n", $m[2]) as $line) {
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $headers[strtolower($name)] = trim($value);
    }
    $answer = strtolower($headers['transfer-encoding'] ?? '') === 'chunked' ? unchunk($m[3]) : $m[3];
    $parsed = parse($answer);
    $hash = '';
    if (isset($o['secret']) && $token !== null) {
        $hash = !isset($parsed['tags']['md5hash']) ? 'absent' : ($parsed['tags']['md5hash'] === md5($o['secret'] . $token) ? 'right' : 'wrong');
    }

    return ['http' => (int) $m[1], 'headers' => (object) $headers, 'body' => $answer, 'flat' => $parsed['flat'], 'tags' => (object) $parsed['tags'], 'hash' => $hash] + $result;
}

/**
 * @param list<string> $arguments
 * @return array<string,mixed>|null
 */
function options(array $arguments): ?array
{
    $flags = ['no-token', 'multipart', 'no-amp', 'http10', 'expect', 'insecure', 'parse', 'localkey'];
    $valued = ['url', 'key', 'domain', 'ip', 'dir', 'secret', 'token', 'timeout', 'ca', 'field'];
    $o = [];
    while ($arguments !== []) {
        if (preg_match('/\A--([a-z0-9-]+)(?:=(.*))?\z/s', (string) array_shift($arguments), $m) !== 1) {
            return null;
        }
        if (in_array($m[1], $flags, true) && !isset($m[2])) {
            $o[$m[1]] = true;
        } elseif (in_array($m[1], $valued, true) && (isset($m[2]) || $arguments !== [])) {
            $value = $m[2] ?? array_shift($arguments);
            $m[1] === 'field' ? $o['field'][] = $value : $o[$m[1]] = $value;
        } else {
            return null;
        }
    }

    return isset($o['url'], $o['key']) || isset($o['parse']) || isset($o['localkey']) ? $o : null;
}

$options = options(array_slice($argv, 1));
if ($options === null) {
    fwrite(STDERR, "client.php: see README.md\n");
    exit(2);
}
if (isset($options['parse'])) {
    $parsed = parse((string) stream_get_contents(STDIN));
    $result = ['flat' => $parsed['flat'], 'tags' => (object) $parsed['tags']];
} elseif (isset($options['localkey'])) {
    $result = [];
    foreach (json_decode((string) stream_get_contents(STDIN), true)['cases'] as $case) {
        $result[] = localKey($case['kept'], $case['today'], $case['place'], $case['answer']);
    }
} else {
    $result = call($options);
}
echo json_encode($result, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
