<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** What time it is, for one who can't be sure of the own clock. */
final class Time
{
    /** @var int seconds since 1970 */
    public $now;
    /** @var bool the own clock is behind what the server once said: the server must be asked */
    public $fault;

    private function __construct(int $now, bool $fault)
    {
        $this->now = $now;
        $this->fault = $fault;
    }

    /**
     * The time by which a license is judged.
     *
     * @param int|null $seen    when the last lease that answered us was made
     * @param int|null $reading what the own clock said then
     * @param int      $own     what it says now
     */
    public static function of(?int $seen, ?int $reading, int $own): self
    {
        if ($seen === null || $reading === null) {
            return new self($own, false);
        }
        $elapsed = $own - $reading;
        if ($own < $seen) {
            return new self($seen + max($elapsed, 0), true);
        }
        if ($elapsed >= 0 && $seen + $elapsed < $own) {
            return new self($seen + $elapsed, false); // the own clock was ahead all along
        }

        return new self($own, false);
    }
}
