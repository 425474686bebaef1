<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * A JWS in compact serialisation (RFC 7515), taken apart but not verified. Strict: there is one text for one value.
 *
 * @internal
 */
final class Token
{
    private const LONGEST = 16384;
    private const KEY_BYTES = 32;
    private const SIGNATURE_BYTES = 64;

    /** @var \stdClass */
    public $header;
    /** @var string */
    public $payload;
    /** @var string what the signature is over */
    private $signed;
    /** @var string */
    private $signature;

    /** @throws Refused malformed */
    public static function parse(string $compact): self
    {
        if (strlen($compact) > self::LONGEST) {
            throw new Refused('malformed');
        }
        $parts = explode('.', $compact);
        if (count($parts) !== 3) {
            throw new Refused('malformed');
        }
        $raw = [];
        foreach ($parts as $part) {
            $decoded = self::decode($part);
            if ($decoded === null) {
                throw new Refused('malformed');
            }
            $raw[] = $decoded;
        }
        $header = json_decode($raw[0], false, 16);
        if (!$header instanceof \stdClass || property_exists($header, 'crit')) {
            throw new Refused('malformed');
        }
        foreach (['alg', 'kid', 'typ', 'kst'] as $name) {
            if (isset($header->$name) && !is_string($header->$name)) {
                throw new Refused('malformed');
            }
        }
        $token = new self();
        $token->header = $header;
        $token->payload = $raw[1];
        $token->signed = $parts[0] . '.' . $parts[1];
        $token->signature = $raw[2];

        return $token;
    }

    /** A text of the header, empty where there is none. */
    public function head(string $name): string
    {
        return $this->header->$name ?? '';
    }

    /** Whether the signature is that of a public key of 32 bytes. */
    public function verifies(string $public): bool
    {
        if (strlen($this->signature) !== self::SIGNATURE_BYTES || strlen($public) !== self::KEY_BYTES || !self::canVerify()) {
            return false;
        }
        try {
            return sodium_crypto_sign_verify_detached($this->signature, $this->signed, $public);
        } catch (\SodiumException $e) {
            return false;
        }
    }

    /** Whether PHP came with sodium. Without it nothing verifies, but nothing breaks either. */
    public static function canVerify(): bool
    {
        return function_exists('sodium_crypto_sign_verify_detached');
    }

    /** Decodes base64url without padding; null where it is anything else, spare bits in the last character included. */
    public static function decode(string $text): ?string
    {
        if (preg_match('/\A[A-Za-z0-9_-]*\z/', $text) !== 1) {
            return null;
        }
        $raw = base64_decode(strtr($text, '-_', '+/'), true);
        if ($raw === false || self::encode($raw) !== $text) {
            return null;
        }

        return $raw;
    }

    public static function encode(string $raw): string
    {
        return rtrim(strtr(base64_encode($raw), '+/', '-_'), '=');
    }

    /** The identifier of a public key (RFC 7638), given the member x of its JWK. */
    public static function thumbprint(string $x): string
    {
        return self::encode(hash('sha256', '{"crv":"Ed25519","kty":"OKP","x":"' . $x . '"}', true));
    }

    /** The 32 bytes of a public key, given the member x of its JWK; null where it is no key. */
    public static function publicKey(string $x): ?string
    {
        $raw = self::decode($x);

        return $raw !== null && strlen($raw) === self::KEY_BYTES ? $raw : null;
    }
}
