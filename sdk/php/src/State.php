<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Where a license stands. In the first three the admin area is on, in the others it is off. The public area is always
 * on, whatever the state.
 */
final class State
{
    /** The local key is good and the next check is not due yet. */
    public const VALID = 'Valid';
    /** The check is due, and nobody has asked yet. */
    public const DUE = 'Due';
    /** The check is due, but the server did not answer: some days are left. */
    public const GRACE = 'Grace';
    /** The days are over. */
    public const LAPSED = 'Lapsed';
    /** The server said no, or the software runs where the license does not allow it. Status::$reason says why. */
    public const INVALID = 'Invalid';
    /** There is a key, but no local key that could be read, and no answer yet. */
    public const UNVERIFIED = 'Unverified';
    /** No license key was entered. */
    public const NO_KEY = 'NoKey';

    private function __construct()
    {
    }

    /** Whether the admin area is on in this state. */
    public static function isOn(string $state): bool
    {
        return $state === self::VALID || $state === self::DUE || $state === self::GRACE;
    }
}
