<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** What came back from the server, or why nothing did. */
final class Answer
{
    /** @var int the HTTP status; 0: none */
    public $http = 0;
    /** @var string why nothing usable came: unreachable, timeout, …; or an empty text */
    public $silence = '';
    /** @var string the code of a refusal, in lower case: license_not_found, … */
    public $code = '';
    /** @var string the license key as it was issued, as far as that was said */
    public $key = '';
    /** @var string the signed lease, not verified yet */
    public $lease = '';

    public static function silence(string $why): self
    {
        $a = new self();
        $a->silence = $why;

        return $a;
    }

    /** Reads a body: {"data":{…}} or {"error":{…}}. */
    public static function read(int $http, string $body): self
    {
        $a = new self();
        $a->http = $http;
        if ($http === 429 || $http >= 500 || ($http >= 300 && $http < 400)) {
            $a->silence = [4 => 'rate_limited', 3 => 'redirect'][intdiv($http, 100)] ?? 'bad_status';

            return $a;
        }
        $o = json_decode($body, false, 16);
        $part = $o->data ?? $o->error ?? null;
        if (!$o instanceof \stdClass || !$part instanceof \stdClass) {
            $a->silence = 'bad_answer';

            return $a;
        }
        $a->lease = is_string($part->lease ?? null) ? $part->lease : '';
        if (isset($o->error)) {
            $a->code = is_string($part->code ?? null) ? strtolower($part->code) : '';
            if (preg_match('/\A[a-z0-9_]{1,64}\z/', $a->code) !== 1) {
                return self::silence('bad_answer');
            }
        } else {
            $a->key = is_string($part->license_key ?? null) ? $part->license_key : '';
        }

        return $a;
    }
}
