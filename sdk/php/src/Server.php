<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Speaks to the license server. One deadline holds for the whole answer, however slowly it drips; no more than 64 KiB
 * are read; redirects are not followed.
 *
 * @internal
 */
final class Server
{
    private const LONGEST = 65536;

    /** @var Config */
    private $config;

    public function __construct(Config $config)
    {
        $this->config = $config;
    }

    /** @param array<string,string> $fields empty ones are left out */
    public function post(string $call, array $fields): Answer
    {
        if ($this->config->server === '') {
            return Answer::silence('no_server');
        }
        $body = json_encode((object) array_filter($fields, 'strlen'), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);

        return Quiet::call(function () use ($call, $body): Answer {
            $deadline = microtime(true) + $this->config->timeout;
            $url = (array) parse_url($this->config->server);
            $stream = $this->connect($url);
            if ($stream === null) {
                return Answer::silence(microtime(true) >= $deadline ? 'timeout' : 'unreachable');
            }
            try {
                return $this->exchange($stream, self::request($url, 'api/v1/licenses/' . $call, (string) $body), $deadline);
            } finally {
                fclose($stream);
            }
        });
    }

    /**
     * @param array<string,mixed> $url
     * @return resource|null
     */
    private function connect(array $url)
    {
        $secure = $url['scheme'] === 'https';
        $port = $url['port'] ?? ($secure ? 443 : 80);
        $tls = $this->config->tls + ['peer_name' => trim($url['host'], '[]'), 'SNI_enabled' => true];
        $stream = stream_socket_client(
            ($secure ? 'tls://' : 'tcp://') . $url['host'] . ':' . $port,
            $number,
            $message,
            min($this->config->connectTimeout, $this->config->timeout),
            STREAM_CLIENT_CONNECT,
            stream_context_create(['ssl' => $tls])
        );

        return $stream === false ? null : $stream;
    }

    /**
     * HTTP/1.0: the answer ends with the connection.
     *
     * @param array<string,mixed> $url
     */
    private static function request(array $url, string $path, string $body): string
    {
        $host = $url['host'] . (isset($url['port']) ? ':' . $url['port'] : '');

        return 'POST ' . rtrim($url['path'] ?? '', '/') . '/' . $path . " HTTP/1.0\r\nHost: $host\r\nConnection: close\r\n"
            . "Content-Type: application/json\r\nAccept: application/json\r\nUser-Agent: keystead-licensed-php/1\r\n"
            . 'Content-Length: ' . strlen($body) . "\r\n\r\n" . $body;
    }

    /** @param resource $stream */
    private function exchange($stream, string $request, float $deadline): Answer
    {
        stream_set_blocking($stream, false);
        $answer = '';
        while (true) {
            if ($request !== '') {
                $sent = fwrite($stream, $request);
                if ($sent === false) {
                    return Answer::silence('unreachable');
                }
                $request = (string) substr($request, $sent);
            }
            $read = fread($stream, 8192);
            if ($read !== false && $read !== '') {
                $answer .= $read;
                if (strlen($answer) > self::LONGEST) {
                    return Answer::silence('bad_answer');
                }
                if (self::isComplete($answer)) {
                    break;
                }
                continue;
            }
            if (feof($stream)) {
                break;
            }
            $left = $deadline - microtime(true);
            if ($left <= 0) {
                return Answer::silence('timeout');
            }
            // A short nap at most: what TLS has decrypted already does not wake us.
            $readable = [$stream];
            $writable = $request === '' ? null : [$stream];
            $none = null;
            stream_select($readable, $writable, $none, 0, (int) min($left * 1e6, 100000));
        }

        return self::understand($answer);
    }

    /** Whether all came that the head announced, so that a connection that stays open is not waited for. */
    private static function isComplete(string $answer): bool
    {
        $end = strpos($answer, "\r\n\r\n");

        return $end !== false && preg_match('/\r\nContent-Length:[ \t]*(\d{1,9})[ \t]*\r\n/i', substr($answer, 0, $end + 2), $m) === 1
            && strlen($answer) >= $end + 4 + (int) $m[1];
    }

    private static function understand(string $answer): Answer
    {
        $end = strpos($answer, "\r\n\r\n");
        if ($end === false || preg_match('#\AHTTP/1\.[01] (\d{3})#', $answer, $m) !== 1) {
            return Answer::silence($answer === '' ? 'unreachable' : 'bad_answer');
        }
        $head = substr($answer, 0, $end + 2);
        $body = (string) substr($answer, $end + 4);
        if (preg_match('/\r\nTransfer-Encoding:[ \t]*chunked[ \t]*\r\n/i', $head) === 1) {
            $body = self::unchunk($body);
        }

        return Answer::read((int) $m[1], $body);
    }

    /** Some proxies send chunks although HTTP/1.0 was asked for. */
    private static function unchunk(string $body): string
    {
        $whole = '';
        while (preg_match('/\A([0-9a-f]{1,6})[^\r\n]*\r\n/i', $body, $m) === 1) {
            $size = (int) hexdec($m[1]);
            if ($size === 0) {
                break;
            }
            $whole .= substr($body, strlen($m[0]), $size);
            $body = (string) substr($body, strlen($m[0]) + $size + 2);
        }

        return $whole;
    }
}
