<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Where the library keeps what it knows: small texts by name. Nothing here throws: what goes wrong is said in words that
 * an administrator can act upon, and the public area goes on.
 */
interface Store
{
    public const KEY = 'key';
    public const LEASE = 'lease';
    public const RESERVE = 'reserve';
    public const STATE = 'state';
    public const REQUEST = 'request';
    public const ATTEMPTS = 'attempts';

    /** Reads a part. What is not there has an empty text and no problem. */
    public function read(string $part): Reading;

    /** Writes a part so that a reader finds the old text or the new, never a piece; an empty text removes it. Returns what went wrong. */
    public function write(string $part, string $text): string;

    /** Waits up to so many seconds until no other process holds the store. */
    public function lock(float $seconds): bool;

    public function unlock(): void;

    /** What keeps the store from being written; empty where nothing does. */
    public function problem(): string;
}
