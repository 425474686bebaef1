<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * What is known without asking: key, lease and record as they were found, at one reading of the clock.
 *
 * @internal
 */
final class Known
{
    private const HOUR = 3600;
    private const MINUTE = 60;

    /** @var string */
    public $key = '';
    /** @var string the lease that was accepted, as it was signed */
    public $lease = '';
    /** @var Claims|null */
    public $claims;
    /** @var bool the lease at hand could not be read, the one before it is used */
    public $fromReserve = false;
    /** @var bool what is remembered of the server was damaged */
    public $forgot = false;
    /** @var Record */
    public $record;
    /** @var int what the own clock says */
    public $own = 0;
    /** @var Time */
    public $time;
    /** @var string one of State */
    public $state = State::NO_KEY;
    /** @var string */
    public $reason = '';
    /** @var int */
    public $daysLeft = 0;
    /** @var list<array{code:string,detail:string}> */
    public $problems = [];

    public function problem(string $code, string $detail): void
    {
        $problem = ['code' => $code, 'detail' => $detail];
        if (!in_array($problem, $this->problems, true)) {
            $this->problems[] = $problem;
        }
    }

    /** Whether the last attempt after the check was due had no answer. */
    public function isSilence(): bool
    {
        $r = $this->record;
        if ($this->claims === null || $r->error === '' || $r->attempt === 0) {
            return false;
        }

        return Time::of($r->seen, $r->reading, $r->attempt)->now >= $this->claims->checkAt;
    }

    /** Whether the server should be asked now. */
    public function isDue(bool $adminOpened): bool
    {
        if ($this->state === State::NO_KEY) {
            return false;
        }
        $r = $this->record;
        $good = $this->state === State::VALID && !$this->fromReserve && !$this->forgot;
        if ($good && !$this->time->fault) {
            return false;
        }
        if ($r->attempt === 0 || $this->own < $r->attempt) {
            return true; // never asked, or the clock was set back since
        }
        $since = $this->own - $r->attempt;
        if ($adminOpened && !State::isOn($this->state) && $since >= self::MINUTE) {
            return true;
        }
        if ($good || $this->state === State::LAPSED || $this->state === State::INVALID) {
            return $since >= self::HOUR;
        }

        return $this->own >= $r->next;
    }
}
