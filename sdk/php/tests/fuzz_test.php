<?php

// What nobody should send: it is refused, and nothing breaks.

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\Answer;
use Keystead\Licensed\Place;
use Keystead\Licensed\Record;
use Keystead\Licensed\Refused;
use Keystead\Licensed\Verifier;

$odd = [null, true, false, 0, -1, 1.5, 1e300, PHP_INT_MAX, PHP_INT_MIN, '', 'x', "\u{0}", 'é', [], [[]], ['x'], [1], [null], ['a' => 1], ['name' => 1], [['name' => []]], new \stdClass()];

/** Verifies, whatever it comes to. */
$try = static function (string $lease): void {
    $minting = new Minting('ours');
    $verifier = new Verifier([$minting->rootKey()], 'widget');
    try {
        $claims = $verifier->verify($lease, '', '', Installation::BEGIN, 0);
        (new Place('a', 'b', 'c'))->refusedBy($claims, 'd');
    } catch (Refused $e) {
        holds($e->reason !== '', 'no reason');
    }
};

$tests = [];

$tests['claims of other types'] = static function () use ($odd, $try): void {
    foreach (['iss', 'aud', 'sub', 'kfp', 'jti', 'iat', 'nbf', 'chk', 'exp', 'sta', 'lty', 'pln', 'lex', 'upd', 'ent', 'idt', 'dom', 'ips', 'dir', 'cus', 'adn', 'nce', 'acu', 'acl'] as $name) {
        foreach ($odd as $value) {
            $try((new Minting('ours'))->lease('K', Installation::BEGIN, [$name => $value]));
        }
    }
};

$tests['leases with something changed'] = static function () use ($try): void {
    $lease = (new Minting('ours'))->lease('K', Installation::BEGIN);
    mt_srand(7);
    for ($n = 0; $n < 3000; $n++) {
        $changed = $lease;
        for ($m = mt_rand(1, 3); $m > 0; $m--) {
            $at = mt_rand(0, strlen($changed) - 1);
            $changed = [
                substr($changed, 0, $at), substr($changed, $at), substr_replace($changed, chr(mt_rand(0, 255)), $at, 1), substr_replace($changed, '.', $at, 0),
                substr_replace($changed, substr($changed, $at, 9), mt_rand(0, strlen($changed) - 1), 0),
            ][mt_rand(0, 4)] . 'A';
        }
        $try($changed);
    }
};

$tests['headers, statements, answers and records of other types'] = static function () use ($odd, $try): void {
    $encode = static function ($v): string {
        return rtrim(strtr(base64_encode((string) json_encode($v)), '+/', '-_'), '=');
    };
    foreach ($odd as $value) {
        foreach (['alg', 'kid', 'typ', 'kst', 'crit'] as $name) {
            $try($encode([$name => $value] + ['alg' => 'EdDSA', 'typ' => 'keystead-lease+jwt', 'kid' => 'x', 'kst' => 'a.b.c']) . '.e30.AAAA');
        }
        $try($encode($value) . '.e30.');
        foreach ([$value, ['data' => $value], ['error' => $value], ['data' => ['lease' => $value, 'license_key' => $value]], ['error' => ['code' => $value, 'lease' => $value]]] as $body) {
            foreach ([0, 200, 302, 403, 429, 500] as $http) {
                Answer::read($http, (string) json_encode($body, JSON_PARTIAL_OUTPUT_ON_ERROR));
            }
        }
        foreach (['seen', 'reading', 'serial', 'attempt', 'next', 'failures', 'error'] as $name) {
            $record = Record::read((string) json_encode([$name => $value, 'seen' => 1, 'reading' => 1]));
            holds($record === null || is_int($record->serial), 'a record of other types');
        }
    }
};

$tests['without sodium nothing breaks'] = static function (): void {
    $i = Installation::licensed();
    $script = 'error_reporting(-1); ini_set("display_errors", "1"); require ' . var_export(__DIR__ . '/../autoload.php', true) . ';'
        . '$l = new Keystead\Licensed\License(["server" => "", "product" => "widget", "rootKeys" => ' . var_export($i->config()['rootKeys'], true)
        . ', "store" => new Keystead\Licensed\FileStore(' . var_export($i->path, true) . ')]); $s = $l->status();'
        . 'if (extension_loaded("sodium")) { echo "built in"; exit; } $l->page()->handle("GET", []); echo $s->state, " ", $s->problems[0]["code"];';
    $process = proc_open([PHP_BINARY, '-n', '-r', $script], [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes);
    $said = stream_get_contents($pipes[1]);
    proc_close($process);
    holds($said === 'Unverified no_sodium' || $said === 'built in', $said);
};

return $tests;
