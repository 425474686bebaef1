<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Counts who tries names and passwords: five from one address in a quarter of an hour, thirty from all. Each attempt is
 * counted before the password is looked at, so that many at once are no way around it.
 *
 * @internal
 */
final class Attempts
{
    public const TOO_MANY = 'too_many_attempts';
    public const BUSY = 'busy';

    private const WINDOW = 900;
    private const PER_ADDRESS = 5;
    private const IN_ALL = 30;

    /** @var Store */
    private $store;

    public function __construct(Store $store)
    {
        $this->store = $store;
    }

    /** Counts an attempt. Returns TOO_MANY, BUSY, what keeps it from being counted, or an empty text. */
    public function count(string $from, int $now, float $wait): string
    {
        $problem = $this->store->problem();
        if ($problem !== '') {
            return $problem; // what can't be counted can't be allowed
        }
        if (!$this->store->lock($wait)) {
            return self::BUSY;
        }
        try {
            $recent = array_values(array_filter($this->load(), static function (array $one) use ($now): bool {
                return abs($now - $one[0]) < self::WINDOW;
            }));
            if (count($recent) >= self::IN_ALL || count(self::of($from, $recent)) >= self::PER_ADDRESS) {
                return self::TOO_MANY;
            }
            $recent[] = [$now, self::name($from)];

            return $this->store->write(Store::ATTEMPTS, json_encode($recent) . "\n");
        } finally {
            $this->store->unlock();
        }
    }

    /** Forgets the attempts of an address that knew the password in the end. */
    public function forgive(string $from, float $wait): void
    {
        if (!$this->store->lock($wait)) {
            return;
        }
        try {
            $all = $this->load();
            $others = array_values(array_udiff($all, self::of($from, $all), static function (array $a, array $b): int {
                return $a <=> $b;
            }));
            $this->store->write(Store::ATTEMPTS, $others === [] ? '' : json_encode($others) . "\n");
        } finally {
            $this->store->unlock();
        }
    }

    /** @return list<array{int,string}> */
    private function load(): array
    {
        $read = json_decode($this->store->read(Store::ATTEMPTS)->text, true, 4);

        return array_values(array_filter(is_array($read) ? $read : [], static function ($one): bool {
            return is_array($one) && is_int($one[0] ?? null) && is_string($one[1] ?? null);
        }));
    }

    /**
     * @param list<array{int,string}> $attempts
     * @return list<array{int,string}>
     */
    private static function of(string $from, array $attempts): array
    {
        $name = self::name($from);

        return array_values(array_filter($attempts, static function (array $one) use ($name): bool {
            return $one[1] === $name;
        }));
    }

    /** Whoever asks, as it is stored: an address of IPv6 counts with its /64. */
    private static function name(string $from): string
    {
        $raw = filter_var($from, FILTER_VALIDATE_IP) === false ? false : inet_pton($from);
        if ($raw !== false && strlen($raw) === 16) {
            $raw = substr($raw, 0, 8);
        }

        return substr(hash('sha256', $raw === false ? $from : $raw), 0, 16);
    }
}
