<?php

// An installation of licensed software with a license server of its own, and a clock that the test moves.

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\FileStore;
use Keystead\Licensed\License;
use Keystead\Licensed\Place;

final class Installation
{
    public const KEY = 'A1B2C3D4-E5F60718-293A4B5C-6D7E8F90';
    public const DAY = 86400;
    public const BEGIN = 1804680000;

    /** @var int the time here and at the server */
    public $now = self::BEGIN;
    /** @var int how much the own clock is ahead */
    public $ahead = 0;
    /** @var string */
    public $folder;
    /** @var string */
    public $path;
    /** @var array<string,mixed> */
    public $settings = [];
    /** @var array<string,mixed> what the server does */
    public $fake;
    /** @var int */
    public $port;
    /** @var callable|null */
    private $stop;
    /** @var string */
    private $control;

    /** @param array<string,mixed> $settings more of the configuration */
    public function __construct(array $settings = [], bool $withServer = true)
    {
        $this->folder = folder();
        $this->path = $this->folder . '/data/license.json';
        mkdir($this->folder . '/data', 0700);
        $this->control = $this->folder . '/fake.json';
        $this->settings = $settings;
        $this->fake = [
            'mode' => 'up', 'delay' => 0, 'now' => $this->now, 'seed' => 'ours', 'serial' => 3, 'interval' => 7 * self::DAY, 'grace' => 3 * self::DAY,
            'ignore_case' => false, 'licenses' => [['key' => self::KEY]],
        ];
        $this->serve([]);
        $this->port = freePort();
        if ($withServer) {
            $this->up();
        }
    }

    public function up(): void
    {
        $command = [PHP_BINARY, '-d', 'variables_order=EGPCS', '-S', '127.0.0.1:' . $this->port, __DIR__ . '/router.php'];
        $this->stop = start($command, $this->port, ['KEYSTEAD_FAKE' => $this->control]);
    }

    public function down(): void
    {
        ($this->stop)();
    }

    /** @param array<string,mixed> $changes what the server does from now on */
    public function serve(array $changes): void
    {
        if (is_file($this->control)) {
            $this->fake = json_decode((string) file_get_contents($this->control), true); // it counts activations there
        }
        $this->fake = $changes + ['now' => $this->now] + $this->fake;
        file_put_contents($this->control, json_encode($this->fake), LOCK_EX);
    }

    /** @param array<string,mixed> $changes of the first license */
    public function change(array $changes): void
    {
        $this->serve([]);
        $licenses = $this->fake['licenses'];
        $licenses[0] = $changes + $licenses[0];
        $this->serve(['licenses' => $licenses]);
    }

    public function wait(float $days): void
    {
        $this->now += (int) ($days * self::DAY);
        $this->serve([]);
    }

    /** As a new request of the web server would see it. */
    public function license(): License
    {
        return new License($this->config());
    }

    /** @return array<string,mixed> */
    public function config(): array
    {
        return $this->settings + [
            'server' => 'http://127.0.0.1:' . $this->port, 'product' => 'widget', 'rootKeys' => [(new Minting('ours'))->rootKey()],
            'store' => new FileStore($this->path), 'version' => '2.1.0', 'releasedAt' => '2027-01-15', 'timeout' => PATIENCE,
            'now' => function (): int {
                return $this->now + $this->ahead;
            },
            'place' => new Place(),
            'confirm' => static function (string $name, string $password): bool {
                return $name === 'admin' && $password === 'correct horse';
            },
        ];
    }

    /** @return list<array<string,mixed>> what the server was asked */
    public function asked(): array
    {
        if (!is_file($this->control . '.asked')) {
            return [];
        }

        return array_map(static function (string $line): array {
            return json_decode($line, true);
        }, file($this->control . '.asked', FILE_IGNORE_NEW_LINES) ?: []);
    }

    /** With a key that was entered and activated. */
    public static function licensed(array $settings = []): self
    {
        $i = new self($settings);
        $result = $i->license()->setKey(self::KEY);
        same('', $result->code);
        holds($result->ok, 'the key was not taken');

        return $i;
    }
}
