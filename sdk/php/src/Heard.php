<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * What came of asking the server: a definite answer, or none.
 *
 * @internal
 */
final class Heard
{
    /** @var string the lease as it was signed */
    public $lease = '';
    /** @var Claims|null what it says; null: there is no definite answer */
    public $claims;
    /** @var string the license key as it was issued */
    public $key = '';
    /** @var string why there is no answer, or the refusal that came with the lease */
    public $code = '';

    public static function nothing(string $code): self
    {
        $h = new self();
        $h->code = $code;

        return $h;
    }

    public static function lease(string $lease, Claims $claims, string $key, string $code): self
    {
        $h = new self();
        $h->lease = $lease;
        $h->claims = $claims;
        $h->key = $key;
        $h->code = $code;

        return $h;
    }
}
