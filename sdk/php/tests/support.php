<?php

// What the tests share: comparisons, folders that go away, a server to talk to.

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

/** How long a test waits for what is sure to come, on however busy a machine, in seconds. */
const PATIENCE = 120.0;

/** Fails a test. */
final class Failure extends \Exception
{
}

/**
 * @param mixed $want
 * @param mixed $got
 */
function same($want, $got, string $what = ''): void
{
    if ($want !== $got) {
        throw new Failure(($what === '' ? '' : $what . ': ') . 'want ' . show($want) . ', got ' . show($got));
    }
}

function holds(bool $condition, string $what): void
{
    if (!$condition) {
        throw new Failure($what);
    }
}

function has(string $part, string $whole, string $what = ''): void
{
    holds(strpos($whole, $part) !== false, ($what === '' ? '' : $what . ': ') . show($part) . ' is missing in ' . $whole);
}

function hasNot(string $part, string $whole, string $what = ''): void
{
    holds(strpos($whole, $part) === false, ($what === '' ? '' : $what . ': ') . show($part) . ' should not be in ' . $whole);
}

/** @param mixed $v */
function show($v): string
{
    return (string) json_encode($v, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR);
}

/** @return \stdClass the vectors that all libraries share */
function vectors(string $name): \stdClass
{
    $path = __DIR__ . '/../../testdata/' . $name;
    holds(is_file($path), "sdk/testdata/$name is missing");
    $read = json_decode((string) file_get_contents($path), false);
    holds($read instanceof \stdClass && count($read->cases) > 5, "sdk/testdata/$name has no cases");

    return $read;
}

/** @var list<callable> $cleanups */
$cleanups = [];

function atEnd(callable $do): void
{
    global $cleanups;
    array_unshift($cleanups, $do);
}

function cleanUp(): void
{
    global $cleanups;
    foreach ($cleanups as $do) {
        $do();
    }
    $cleanups = [];
}

/** A folder of this test's own. */
function folder(): string
{
    $path = sys_get_temp_dir() . '/keystead-test-' . bin2hex(random_bytes(8));
    mkdir($path, 0700);
    atEnd(static function () use ($path): void {
        remove($path);
    });

    return $path;
}

function remove(string $path): void
{
    if (is_dir($path) && !is_link($path)) {
        chmod($path, 0700);
        foreach (array_diff(scandir($path) ?: [], ['.', '..']) as $name) {
            remove("$path/$name");
        }
        rmdir($path);
    } elseif (file_exists($path) || is_link($path)) {
        unlink($path);
    }
}

/** A port that nothing listens on. A connection that stays keeps it from being given to anybody else until the test ends. */
function freePort(): int
{
    $socket = stream_socket_server('tcp://127.0.0.1:0');
    $name = (string) stream_socket_get_name($socket, false);
    $ends = [stream_socket_client("tcp://$name"), stream_socket_accept($socket)];
    atEnd(static function () use ($ends): void {
        array_map('fclose', $ends);
    });
    fclose($socket);

    return (int) substr($name, (int) strrpos($name, ':') + 1);
}

/**
 * Starts a program that listens on a port, and waits until it does.
 *
 * @param list<string>         $command
 * @param array<string,string> $environment
 * @return callable ends it
 */
function start(array $command, int $port, array $environment = []): callable
{
    $log = folder() . '/log';
    $pipes = [];
    $process = proc_open($command, [0 => ['file', '/dev/null', 'r'], 1 => ['file', $log, 'a'], 2 => ['file', $log, 'a']], $pipes, null, $environment + getenv());
    holds(is_resource($process), 'the program does not start');
    $stop = static function () use ($process): void {
        if (is_resource($process)) {
            proc_terminate($process, 9);
            proc_close($process);
        }
    };
    atEnd($stop);
    for ($until = microtime(true) + PATIENCE; microtime(true) < $until; usleep(10000)) {
        set_error_handler(static function (): bool {
            return true;
        });
        $connection = stream_socket_client("tcp://127.0.0.1:$port", $number, $message, PATIENCE);
        restore_error_handler();
        if ($connection !== false) {
            fclose($connection);

            return $stop;
        }
    }
    throw new Failure('the program does not listen: ' . file_get_contents($log));
}
