<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Reads leases with the root keys that the software was shipped with. A root names the signing key in a statement that
 * comes inside the lease; nothing else is trusted, in particular no key that the server offers elsewhere.
 */
final class Verifier
{
    private const ALGORITHM = 'EdDSA';
    private const LEASE = 'keystead-lease+jwt';
    private const STATEMENT = 'keystead-key+jwt';
    /** How far the server's clock may be ahead of ours, in seconds. */
    private const AHEAD = 300;

    /** @var array<string,string> thumbprint → public key */
    private $roots = [];
    /** @var string */
    private $product;

    /** @param list<string> $rootKeys the pinned roots: 43 characters of base64url each */
    public function __construct(array $rootKeys, string $product)
    {
        foreach ($rootKeys as $x) {
            $public = is_string($x) ? Token::publicKey($x) : null;
            if ($public === null) {
                throw new \InvalidArgumentException('rootKeys: a root key is 43 characters of base64url');
            }
            $this->roots[Token::thumbprint($x)] = $public;
        }
        $this->product = $product;
    }

    /**
     * Verifies a lease and returns what it says.
     *
     * @param string $nonce  that the lease must echo; empty for one that was kept
     * @param string $key    the license key; empty: any license
     * @param int    $time   by which a lease without our nonce is judged
     * @param int    $serial the highest serial seen in a lease with our own nonce
     * @throws Refused
     */
    public function verify(string $lease, string $nonce, string $key, int $time, int $serial): Claims
    {
        $token = Token::parse($lease);
        if ($token->head('alg') !== self::ALGORITHM) {
            throw new Refused('algorithm');
        }
        if ($token->head('typ') !== self::LEASE) {
            throw new Refused('type');
        }
        $statement = $this->statement($token->head('kst'));
        if ($statement->aud !== $this->product) {
            throw new Refused('product');
        }
        $public = self::signingKey($statement->jwk, $token->head('kid'));
        if ($public === null) {
            throw new Refused('key');
        }
        if (!$token->verifies($public)) {
            throw new Refused('signature');
        }
        $claims = Claims::read($token->payload);
        $claims->serial = $statement->ser;
        if ($claims->product !== $this->product) {
            throw new Refused('product');
        }
        if ($statement->nbf > $claims->issuedAt || $claims->expires > $statement->exp) {
            throw new Refused('statement_time');
        }
        if ($statement->ser < $serial) {
            throw new Refused('serial');
        }
        if ($key !== '' && !hash_equals(hash('sha256', $key), $claims->keyHash)) {
            throw new Refused('license_key');
        }
        if ($nonce !== '' && !hash_equals($nonce, $claims->nonce)) {
            throw new Refused('nonce');
        }
        if ($nonce === '' && $claims->issuedAt > $time + self::AHEAD) {
            throw new Refused('future');
        }

        return $claims;
    }

    /** Reads a key statement. Its product and time are for the caller to compare. */
    private function statement(string $compact): \stdClass
    {
        try {
            $token = Token::parse($compact);
        } catch (Refused $e) {
            throw new Refused('statement');
        }
        $root = $this->roots[$token->head('kid')] ?? null;
        if ($token->head('alg') !== self::ALGORITHM || $token->head('typ') !== self::STATEMENT || $root === null || !$token->verifies($root)) {
            throw new Refused('statement');
        }
        $o = json_decode($token->payload, false, 16);
        $complete = $o instanceof \stdClass && is_string($o->aud ?? null) && is_int($o->ser ?? null) && is_int($o->nbf ?? null)
            && is_int($o->exp ?? null);
        if (!$complete) {
            throw new Refused('statement');
        }
        $o->jwk = $o->jwk ?? null;

        return $o;
    }

    /**
     * The public key of a JWK, where it is the one that the lease names.
     *
     * @param mixed $jwk
     */
    private static function signingKey($jwk, string $kid): ?string
    {
        if (!$jwk instanceof \stdClass || ($jwk->kty ?? null) !== 'OKP' || ($jwk->crv ?? null) !== 'Ed25519' || !is_string($jwk->x ?? null)) {
            return null;
        }
        $public = Token::publicKey($jwk->x);

        return $public !== null && Token::thumbprint($jwk->x) === $kid ? $public : null;
    }
}
