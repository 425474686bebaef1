<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** What a lease says. Instants are seconds since 1970, UTC. */
final class Claims
{
    /** @var string the server's URL; information only */
    public $issuer = '';
    /** @var string */
    public $product = '';
    /** @var string the license's id, not its key */
    public $license = '';
    /** @var string SHA-256 of the key, in hex */
    public $keyHash = '';
    /** @var string of this lease */
    public $id = '';
    /** @var int */
    public $issuedAt = 0;
    /** @var int */
    public $notBefore = 0;
    /** @var int when the server is asked again */
    public $checkAt = 0;
    /** @var int until when silence does no harm */
    public $expires = 0;
    /** @var string active, or why not */
    public $status = '';
    /** @var string purchased, leased, development or trial */
    public $type = '';
    /** @var string */
    public $plan = '';
    /** @var int|null null: never */
    public $licenseExpires;
    /** @var int|null */
    public $updatesUntil;
    /** @var array<string,mixed> */
    public $entitlements = [];
    /** @var string the place that was activated; empty: none was asked for */
    public $identifier = '';
    /** @var list<string> empty: not bound, as with the next two */
    public $domains = [];
    /** @var list<string> */
    public $ips = [];
    /** @var list<string> */
    public $directories = [];
    /** @var string */
    public $customer = '';
    /** @var string */
    public $company = '';
    /** @var list<array{name:string,due:string,status:string}> */
    public $addons = [];
    /** @var string */
    public $nonce = '';
    /** @var int */
    public $activationsUsed = 0;
    /** @var int 0: unlimited */
    public $activationLimit = 0;
    /** @var int of the statement by which the signing key was named */
    public $serial = 0;

    private const TEXTS = [
        'iss' => 'issuer', 'aud' => 'product', 'sub' => 'license', 'kfp' => 'keyHash', 'jti' => 'id', 'sta' => 'status',
        'lty' => 'type', 'pln' => 'plan', 'idt' => 'identifier', 'nce' => 'nonce',
    ];
    private const NUMBERS = [
        'iat' => 'issuedAt', 'nbf' => 'notBefore', 'chk' => 'checkAt', 'exp' => 'expires', 'lex' => 'licenseExpires',
        'upd' => 'updatesUntil', 'acu' => 'activationsUsed', 'acl' => 'activationLimit',
    ];
    private const LISTS = ['dom' => 'domains', 'ips' => 'ips', 'dir' => 'directories'];

    /**
     * Reads the payload of a lease. Members that are unknown are left out, known ones must be of the right type.
     *
     * @throws Refused claims
     */
    public static function read(string $json): self
    {
        $o = json_decode($json, false, 16);
        if (!$o instanceof \stdClass) {
            throw new Refused('claims');
        }
        foreach (['aud', 'sub', 'kfp', 'sta', 'iat', 'nbf', 'chk', 'exp'] as $name) {
            if (!isset($o->$name) || $o->$name === '') {
                throw new Refused('claims');
            }
        }
        $c = self::of($o);
        if ($c->expires < $c->issuedAt || $c->checkAt > $c->expires) {
            throw new Refused('claims');
        }

        return $c;
    }

    /**
     * Takes the claims from an object, whether they are complete or not.
     *
     * @throws Refused claims
     */
    public static function of(\stdClass $o): self
    {
        $c = new self();
        foreach (self::TEXTS as $name => $property) {
            if (isset($o->$name)) {
                $c->$property = self::checked(is_string($o->$name), $o->$name);
            }
        }
        foreach (self::NUMBERS as $name => $property) {
            if (isset($o->$name)) {
                $c->$property = self::checked(is_int($o->$name), $o->$name);
            }
        }
        foreach (self::LISTS as $name => $property) {
            foreach (self::checked(is_array($o->$name ?? []), $o->$name ?? []) as $value) {
                $c->{$property}[] = self::checked(is_string($value), $value);
            }
        }
        if (isset($o->ent)) {
            $entitlements = self::checked($o->ent instanceof \stdClass, $o->ent);
            $c->entitlements = json_decode((string) json_encode($entitlements), true) ?: [];
        }
        if (isset($o->cus)) {
            $customer = self::checked($o->cus instanceof \stdClass, $o->cus);
            $c->customer = self::text($customer, 'name');
            $c->company = self::text($customer, 'company');
        }
        foreach (self::checked(is_array($o->adn ?? []), $o->adn ?? []) as $addon) {
            self::checked($addon instanceof \stdClass, null);
            $c->addons[] = ['name' => self::text($addon, 'name'), 'due' => self::text($addon, 'due'), 'status' => self::text($addon, 'status')];
        }

        return $c;
    }

    private static function text(\stdClass $o, string $name): string
    {
        $value = $o->$name ?? '';

        return self::checked(is_string($value), $value);
    }

    /**
     * @param mixed $value
     * @return mixed
     */
    private static function checked(bool $right, $value)
    {
        if (!$right) {
            throw new Refused('claims');
        }

        return $value;
    }
}
