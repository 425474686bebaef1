<?php

// Signs leases, as the server does.

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

final class Minting
{
    /** @var string */
    private $root;
    /** @var string */
    private $signer;
    /** @var int */
    private $serial;

    public function __construct(string $seed, int $serial = 3)
    {
        $this->root = sodium_crypto_sign_seed_keypair(hash('sha256', "root $seed", true));
        $this->signer = sodium_crypto_sign_seed_keypair(hash('sha256', "signer $seed $serial", true));
        $this->serial = $serial;
    }

    /** The root as software pins it. */
    public function rootKey(): string
    {
        return self::encode(sodium_crypto_sign_publickey($this->root));
    }

    /** @param array<string,mixed> $claims what differs from the usual */
    public function lease(string $key, int $now, array $claims = [], int $interval = 604800, int $grace = 259200): string
    {
        $yes = ($claims['sta'] ?? 'active') === 'active';
        $claims += [
            'iss' => 'https://licenses.example.com', 'aud' => 'widget', 'sub' => 'lic_1', 'kfp' => hash('sha256', $key), 'jti' => 'j1',
            'iat' => $now, 'nbf' => $now, 'chk' => $yes ? $now + $interval : $now, 'exp' => $yes ? $now + $interval + $grace : $now,
            'sta' => 'active', 'lty' => 'purchased', 'pln' => 'Developer', 'ent' => ['feature.sso' => true, 'projects.max' => 25],
            'cus' => ['name' => 'Ann <b>Example</b>', 'company' => 'Example & Co'], 'acu' => 1, 'acl' => 5,
            'adn' => [['name' => 'Support pack', 'due' => '2027-03-20', 'status' => 'active']],
        ];
        $x = self::encode(sodium_crypto_sign_publickey($this->signer));
        $statement = self::token(
            ['alg' => 'EdDSA', 'kid' => self::thumbprint($this->rootKey()), 'typ' => 'keystead-key+jwt'],
            ['aud' => $claims['aud'], 'jwk' => ['kty' => 'OKP', 'crv' => 'Ed25519', 'x' => $x], 'ser' => $this->serial, 'nbf' => 0, 'exp' => 1 << 40],
            $this->root
        );

        return self::token(['alg' => 'EdDSA', 'kid' => self::thumbprint($x), 'typ' => 'keystead-lease+jwt', 'kst' => $statement], $claims, $this->signer);
    }

    /**
     * @param array<string,mixed> $header
     * @param array<string,mixed> $claims
     */
    private static function token(array $header, array $claims, string $pair): string
    {
        $signed = self::encode((string) json_encode($header)) . '.' . self::encode((string) json_encode($claims));

        return $signed . '.' . self::encode(sodium_crypto_sign_detached($signed, sodium_crypto_sign_secretkey($pair)));
    }

    private static function thumbprint(string $x): string
    {
        return self::encode(hash('sha256', '{"crv":"Ed25519","kty":"OKP","x":"' . $x . '"}', true));
    }

    private static function encode(string $raw): string
    {
        return rtrim(strtr(base64_encode($raw), '+/', '-_'), '=');
    }
}
