<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Reads what is known from the store and keeps what was learnt. What can't be written is held for the rest of the
 * request, so that an answer counts although the disk is full.
 *
 * @internal
 */
final class Vault
{
    private const DAMAGED = 'does not hold what this program wrote';

    /** @var Config */
    private $config;
    /** @var Store */
    private $store;
    /** @var Verifier */
    private $verifier;
    /** @var array<string,string> */
    private $held = [];
    /** @var string what kept a part from being written, the first time */
    private $failure = '';

    public function __construct(Config $config, Verifier $verifier)
    {
        $this->config = $config;
        $this->store = $config->store;
        $this->verifier = $verifier;
    }

    /** What kept something from being written; empty: nothing did. */
    public function failure(): string
    {
        return $this->failure;
    }

    public function known(): Known
    {
        $k = new Known();
        $k->own = $this->config->now();
        if (!Token::canVerify()) {
            $k->problem('no_sodium', 'sodium');
        }
        if ($this->failure !== '') {
            $k->problem('not_writable', $this->failure);
        }
        $this->readRecord($k);
        $k->time = Time::of($k->record->seen, $k->record->reading, $k->own);
        if ($k->time->fault) {
            $k->problem('clock', 'it is behind the license server’s');
        }
        $this->readKey($k);
        if ($k->key === '') {
            return $k;
        }
        $k->state = State::UNVERIFIED;
        $this->readLease($k);
        if ($k->claims !== null) {
            $standing = Standing::of($k->claims, $k->time->now, $k->isSilence(), $this->config->identifier(), $this->config->place());
            $k->state = $standing->state;
            $k->reason = $standing->reason;
            $k->daysLeft = $standing->daysLeft;
        }

        return $k;
    }

    /** Keeps the record of an attempt. */
    public function keepRecord(Known $k): void
    {
        $this->write(Store::STATE, $k->record->text());
    }

    /** Keeps a lease that answered us, the one before in reserve. A no leaves no reserve: damage must not bring back a yes. */
    public function keepLease(Known $k, string $lease, Claims $claims): void
    {
        $before = $k->claims !== null && $k->claims->status === 'active' && !$k->fromReserve ? $k->lease : '';
        if ($claims->status === 'active' && $before !== '') {
            $this->write(Store::RESERVE, self::leaseText($before));
        }
        $this->write(Store::LEASE, self::leaseText($lease));
        if ($claims->status !== 'active') {
            $this->write(Store::RESERVE, '');
        }
        $k->record->answered($this->config->now(), $claims);
        $this->keepRecord($k);
    }

    public function keepKey(string $key): void
    {
        $this->write(Store::KEY, self::encode(['key' => $key]));
    }

    /** Keeps the request for a lease file. Returns what went wrong. */
    public function keepRequest(string $text): string
    {
        return $this->store->write(Store::REQUEST, $text);
    }

    /** The request that a lease file is awaited for; null: none. */
    public function request(): ?\stdClass
    {
        $o = json_decode($this->store->read(Store::REQUEST)->text, false, 4);

        return is_string($o->nonce ?? null) && $o->nonce !== '' && is_string($o->license_key ?? null) && $o->license_key !== '' ? $o : null;
    }

    /** The signed text in a lease file, our own or the portal's. */
    public static function leaseOf(string $text): string
    {
        $text = trim($text);
        if ($text === '' || $text[0] !== '{') {
            return $text;
        }
        $o = json_decode($text, false, 4);

        return is_string($o->lease ?? null) ? $o->lease : '';
    }

    private function readKey(Known $k): void
    {
        $text = $this->part(Store::KEY, 'key_file', $k);
        $o = json_decode($text, false, 4);
        $k->key = is_string($o->key ?? null) ? trim($o->key) : '';
        if ($k->key === '' && $text !== '') {
            $k->problem('key_file', self::DAMAGED);
        }
    }

    private function readRecord(Known $k): void
    {
        $text = $this->part(Store::STATE, 'state_file', $k);
        $record = $text === '' ? new Record() : Record::read($text);
        if ($record === null) {
            $k->problem('state_file', self::DAMAGED);
        }
        $k->record = $record ?? new Record();
        $k->forgot = in_array('state_file', array_column($k->problems, 'code'), true);
    }

    /** Takes the lease, or where that can't be read the one before. */
    private function readLease(Known $k): void
    {
        foreach ([Store::LEASE, Store::RESERVE] as $part) {
            $text = $this->part($part, 'lease_file', $k);
            if ($text === '') {
                continue;
            }
            $lease = self::leaseOf($text);
            try {
                $k->claims = $this->verifier->verify($lease, '', $k->key, $k->time->now, $k->record->serial);
                $k->lease = $lease;
                $k->fromReserve = $part === Store::RESERVE;

                return;
            } catch (Refused $e) {
                if ($part === Store::LEASE) {
                    $k->problem('lease_file', $e->reason);
                }
            }
        }
    }

    private function part(string $part, string $code, Known $k): string
    {
        if (isset($this->held[$part])) {
            return $this->held[$part];
        }
        $reading = $this->store->read($part);
        if ($reading->problem !== '') {
            $k->problem($reading->exposed ? 'permissions' : $code, $reading->problem);
        }

        return $reading->text;
    }

    private function write(string $part, string $text): void
    {
        $problem = $this->store->write($part, $text);
        if ($problem === '') {
            unset($this->held[$part]);

            return;
        }
        $this->held[$part] = $text;
        $this->failure = $this->failure !== '' ? $this->failure : $problem;
    }

    private static function leaseText(string $lease): string
    {
        return self::encode(['lease' => $lease]);
    }

    /** @param array<string,string> $members */
    private static function encode(array $members): string
    {
        return json_encode($members, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) . "\n";
    }
}
