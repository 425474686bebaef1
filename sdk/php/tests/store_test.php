<?php

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\FileStore;
use Keystead\Licensed\License;
use Keystead\Licensed\Reading;
use Keystead\Licensed\State;
use Keystead\Licensed\Store;

/** @return list<string> */
function problems(Installation $i): array
{
    return array_column($i->license()->status()->problems, 'code');
}

$damages = [
    'empty' => static function (string $path): void {
        file_put_contents($path, '');
    },
    'truncated' => static function (string $path): void {
        file_put_contents($path, substr((string) file_get_contents($path), 0, -30));
    },
    'random bytes' => static function (string $path): void {
        file_put_contents($path, random_bytes(500));
    },
    'a web page' => static function (string $path): void {
        file_put_contents($path, '<html><body>moved</body></html>');
    },
    'a number' => static function (string $path): void {
        file_put_contents($path, '17');
    },
    'a list' => static function (string $path): void {
        file_put_contents($path, '[[["key"]]]');
    },
    'other types' => static function (string $path): void {
        file_put_contents($path, '{"key":7,"lease":[],"seen":"yesterday","attempt":{},"failures":-1}');
    },
    'huge' => static function (string $path): void {
        file_put_contents($path, str_repeat('{', 200000));
    },
    'a folder' => static function (string $path): void {
        unlink($path);
        mkdir($path);
    },
    'a pipe' => static function (string $path): void {
        unlink($path);
        posix_mkfifo($path, 0600);
    },
    'a link to nothing' => static function (string $path): void {
        unlink($path);
        symlink('/nonexistent/license', $path);
    },
];

$tests = [];

foreach (['.lease' => 'lease_file', '.lease.1' => '', '.state' => 'state_file', '' => 'key_file', '.attempts' => '', '.request' => ''] as $suffix => $code) {
    foreach ($damages as $name => $damage) {
        $tests["license.json$suffix is $name"] = static function () use ($suffix, $code, $damage, $name): void {
            $i = Installation::licensed();
            $i->wait(7);
            $i->license()->open(); // now there is a reserve
            touch($i->path . $suffix);
            $damage($i->path . $suffix);
            // Public pages say what is wrong and go on; the lease in reserve, or the lease without its state, is enough.
            $status = $i->license()->status();
            if ($code !== '' && $name !== 'a link to nothing') {
                holds(in_array($code, problems($i), true), 'not reported: ' . show($status->problems));
            }
            same($suffix === '' ? State::NO_KEY : State::VALID, $status->state === State::DUE ? State::VALID : $status->state);
            // The admin area asks, and all is well where what is damaged can be replaced.
            $i->now += 120;
            $i->license()->open();
            $i->license()->requestFile();
            $i->license()->loadLease('x');
            $i->license()->changeKey('admin', 'wrong', 'x');
            if ($name !== 'a folder' && $suffix !== '') {
                same([], $i->license()->open()->problems, 'mended');
                same(State::VALID, $i->license()->status()->state);
            }
        };
    }
}

$tests['without any lease it is unverified, asks at once, and is off until there is a yes'] = static function (): void {
    $i = Installation::licensed();
    $i->down();
    unlink($i->path . '.lease');
    same(State::UNVERIFIED, $i->license()->open()->state);
    holds($i->license()->admin() !== null, 'the admin area is on');
    same('unreachable', $i->license()->status()->code);
    $i->up();
    $i->now += 61;
    same(State::VALID, $i->license()->open()->state);
};

$tests['a no leaves no reserve'] = static function (): void {
    $i = Installation::licensed();
    $i->wait(7);
    $i->license()->open();
    $i->change(['status' => 'revoked']);
    $i->license()->forceUpdate();
    $i->down();
    unlink($i->path . '.lease');
    same(State::UNVERIFIED, $i->license()->open()->state);
};

$tests['files of another license or product are nothing'] = static function (): void {
    $i = Installation::licensed();
    $i->down();
    file_put_contents($i->path . '.lease', json_encode(['lease' => (new Minting('ours'))->lease('ANOTHER-KEY', $i->now)]));
    same(State::UNVERIFIED, $i->license()->open()->state);
    same('license_key', $i->license()->status()->problems[0]['detail']);
    file_put_contents($i->path . '.lease', json_encode(['lease' => (new Minting('ours'))->lease(Installation::KEY, $i->now, ['aud' => 'gadget'])]));
    same(State::UNVERIFIED, $i->license()->status()->state);
};

$tests['open to others'] = static function (): void {
    $i = Installation::licensed();
    foreach ([0666 => 'written', 0644 => 'read'] as $mode => $word) {
        chmod($i->path . '.lease', $mode);
        $status = $i->license()->status();
        same([State::VALID, 'permissions', "license.json.lease may be $word by everybody"], [$status->state, $status->problems[0]['code'], $status->problems[0]['detail']]);
    }
};

/** Does something as a user who may do little. */
$asNobody = static function (callable $do): void {
    if (posix_geteuid() !== 0) {
        $do();

        return;
    }
    posix_seteuid(65534);
    try {
        $do();
    } finally {
        posix_seteuid(0);
    }
};

$tests['a folder that may not be written'] = static function () use ($asNobody): void {
    $i = Installation::licensed();
    chmod($i->folder, 0755);
    chmod($i->folder . '/data', 0555);
    foreach (['', '.lease', '.state'] as $suffix) {
        chmod($i->path . $suffix, 0444);
    }
    $asNobody(static function () use ($i): void {
        same(State::VALID, $i->license()->open()->state);
        $result = $i->license()->setKey('NEW');
        same('not_writable', $result->code);
        has('may not be written by this user', $result->message);
        same('not_writable', $i->license()->forceUpdate()->code);
        same('not_writable', $i->license()->changeKey('admin', 'correct horse', 'NEW')->code);
        $asked = count($i->asked());
        $i->now += 8 * 86400;
        same(State::DUE, $i->license()->open()->state);
        same($asked, count($i->asked()), 'asks on every page, as nothing can be remembered');
        $i->now += 8 * 86400;
    });
    $i->wait(0);
    $asNobody(static function () use ($i): void {
        $asked = count($i->asked());
        $status = $i->license()->open(); // off: an answer counts for this request
        same(State::VALID, $status->state);
        holds(in_array('not_writable', array_column($status->problems, 'code'), true), 'not reported');
        same($asked + 1, count($i->asked()));
    });
    chmod($i->folder . '/data', 0700);
};

$tests['a folder that may not even be read'] = static function () use ($asNobody): void {
    $i = Installation::licensed();
    chmod($i->folder, 0700);
    $asNobody(static function () use ($i): void {
        $status = $i->license()->open();
        same(State::NO_KEY, $status->state);
    });
};

$tests['the folder is made'] = static function (): void {
    $i = new Installation();
    $path = $i->folder . '/deep/er/license.json';
    $i->settings = ['store' => new FileStore($path)];
    same(State::NO_KEY, $i->license()->status()->state);
    holds(!is_dir(dirname($path)), 'reading made a folder');
    holds($i->license()->setKey(Installation::KEY)->ok, 'not saved');
    same(0700, fileperms(dirname($path)) & 0777);
};

$tests['writing is all or nothing'] = static function (): void {
    $store = new FileStore(folder() . '/license.json');
    same('', $store->write(Store::LEASE, 'one'));
    same('', $store->write(Store::LEASE, 'two'));
    same('two', $store->read(Store::LEASE)->text);
    same('', $store->write(Store::LEASE, ''));
    same('', $store->write(Store::LEASE, ''));
    same(['', ''], [$store->read(Store::LEASE)->text, $store->read(Store::LEASE)->problem]);
};

$tests['two readers and two writers at once never see a piece'] = static function (): void {
    $folder = folder();
    $script = 'require ' . var_export(__DIR__ . '/../autoload.php', true) . '; $s = new Keystead\Licensed\FileStore(' . var_export($folder . '/license.json', true) . ');'
        . 'for ($n = 0; $n < 60; $n++) { while (!$s->lock(5)) {} $w = $s->write("lease", str_repeat($argv[1], 20000)); $s->unlock(); if ($w !== "") { echo $w; exit(1); }'
        . ' $r = $s->read("lease"); if (count_chars($r->text, 3) !== "a" && count_chars($r->text, 3) !== "b" || strlen($r->text) !== 20000) { echo "a piece"; exit(1); } }';
    $running = [];
    foreach (['a', 'b', 'a', 'b'] as $letter) {
        $pipes = [];
        $running[] = [proc_open([PHP_BINARY, '-d', 'display_errors=stderr', '-r', $script, $letter], [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes), $pipes[1]];
    }
    foreach ($running as [$process, $pipe]) {
        same('', stream_get_contents($pipe));
        same(0, proc_close($process));
    }
};

$tests['whoever waited for the lock looks again before asking'] = static function (): void {
    $i = Installation::licensed();
    $i->wait(7);
    $asked = count($i->asked());
    $i->settings['store'] = new class ($i->path, $i->config()) implements Store {
        /** @var FileStore */
        private $store;
        /** @var array<string,mixed> of a process that is a little faster */
        private $other;

        public function __construct(string $path, array $other)
        {
            $this->store = new FileStore($path);
            $this->other = $other;
        }

        public function read(string $part): Reading
        {
            return $this->store->read($part);
        }

        public function write(string $part, string $text): string
        {
            return $this->store->write($part, $text);
        }

        public function lock(float $seconds): bool
        {
            (new License($this->other))->open();

            return $this->store->lock($seconds);
        }

        public function unlock(): void
        {
            $this->store->unlock();
        }

        public function problem(): string
        {
            return '';
        }
    };
    same(State::VALID, $i->license()->open()->state);
    same($asked + 1, count($i->asked()));
};

$tests['several processes ask once'] = static function (): void {
    $i = Installation::licensed();
    $i->wait(7);
    $i->serve(['delay' => 0.5]);
    $script = 'require ' . var_export(__DIR__ . '/../autoload.php', true) . '; error_reporting(E_ALL);'
        . '$l = new Keystead\Licensed\License(["server" => "http://127.0.0.1:' . $i->port . '", "product" => "widget", "timeout" => ' . var_export(PATIENCE, true) . ', "rootKeys" => ' . var_export($i->config()['rootKeys'], true)
        . ', "store" => new Keystead\Licensed\FileStore(' . var_export($i->path, true) . '), "now" => function () { return ' . $i->now . '; }]);'
        . 'echo $l->open()->state;';
    $asked = count($i->asked());
    foreach (['.lease' => [State::VALID, State::DUE], '' => [State::VALID]] as $lost => $allowed) {
        if ($lost === '') { // without a lease, whoever comes second waits for the first
            unlink($i->path . '.lease');
            unlink($i->path . '.lease.1');
            $i->now += 300;
            $i->serve([]);
            $asked = count($i->asked());
        }
        $running = [];
        for ($n = 0; $n < 4; $n++) {
            $pipes = [];
            $running[] = [proc_open([PHP_BINARY, '-d', 'display_errors=stderr', '-r', $script], [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes), $pipes[1]];
        }
        foreach ($running as [$process, $pipe]) {
            $said = stream_get_contents($pipe);
            holds(in_array($said, $allowed, true), "said $said");
            proc_close($process);
        }
        same($asked + 1, count($i->asked()));
        same(State::VALID, $i->license()->status()->state);
    }
};

return $tests;
