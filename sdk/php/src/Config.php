<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** What the software tells the library. Made from an array, so that a misspelt name is found at once. */
final class Config
{
    /** @var string the license server: https://licenses.example.com; empty: none is ever asked, the license comes by lease files */
    public $server = '';
    /** @var string the product's slug */
    public $product = '';
    /** @var list<string> the product's public root keys */
    public $rootKeys = [];
    /** @var Store|null where key and lease are kept; see FileStore */
    public $store;
    /** @var string of the software */
    public $version = '';
    /** @var int|string when this version was released: seconds since 1970, or a date; empty: not told */
    public $releasedAt = '';
    /** @var string|callable():string what this installation is activated as: its domain, a machine's id, …; empty: nothing */
    public $identifier = '';
    /** @var Place|callable():Place|null where it runs */
    public $place;
    /** @var callable(string,string):bool|null whether name and password are those of an administrator of the software */
    public $confirm;
    /** @var string where the License Information page is: the admin area links to it while it is off */
    public $pageURL = '/admin/license';
    /** @var string the Troubleshooting page: the code of a reason is appended as a fragment */
    public $helpURL = 'https://github.com/keystead/keystead/blob/main/docs/troubleshooting.md';
    /** @var float seconds in which a connection must be there */
    public $connectTimeout = 3.0;
    /** @var float seconds in which the whole answer must be there */
    public $timeout = 5.0;
    /** @var array<string,mixed> options of the TLS connection, as stream_context_create takes them under "ssl" */
    public $tls = [];
    /** @var callable():int|null the own clock; null: the machine's */
    public $now;

    /** @param array<string,mixed> $values */
    public function __construct(array $values)
    {
        foreach ($values as $name => $value) {
            if (!property_exists($this, (string) $name)) {
                throw new \InvalidArgumentException("$name: there is no such setting");
            }
            $this->$name = $value;
        }
        $url = parse_url($this->server);
        if ($this->server !== '' && (!is_array($url) || !in_array($url['scheme'] ?? '', ['http', 'https'], true) || ($url['host'] ?? '') === '')) {
            throw new \InvalidArgumentException('server: is no http or https address');
        }
        if ($this->product === '') {
            throw new \InvalidArgumentException('product: is missing');
        }
        if ($this->rootKeys === []) {
            throw new \InvalidArgumentException('rootKeys: is missing');
        }
        if (!$this->store instanceof Store) {
            throw new \InvalidArgumentException('store: is missing');
        }
    }

    public function now(): int
    {
        return $this->now === null ? time() : (int) ($this->now)();
    }

    public function identifier(): string
    {
        return trim(is_string($this->identifier) ? $this->identifier : (string) ($this->identifier)());
    }

    public function place(): Place
    {
        if ($this->place === null || $this->place instanceof Place) {
            return $this->place ?? new Place();
        }

        return ($this->place)();
    }

    /** When this version was released, as the server reads it; empty: not told. */
    public function releasedAt(): string
    {
        $at = is_int($this->releasedAt) ? $this->releasedAt : strtotime($this->releasedAt . ' UTC');
        if ($at === false || $this->releasedAt === '') {
            $at = is_string($this->releasedAt) && $this->releasedAt !== '' ? strtotime($this->releasedAt) : false;
        }

        return $at === false ? '' : gmdate('Y-m-d\TH:i:s\Z', $at);
    }
}
