<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** The state that follows from a lease that was accepted, at a time. Pure: the same question has the same answer. */
final class Standing
{
    /** @var string one of State */
    public $state;
    /** @var string why it is State::INVALID */
    public $reason = '';
    /** @var int days that are left on grace, a begun day counts */
    public $daysLeft = 0;

    private function __construct(string $state, string $reason = '')
    {
        $this->state = $state;
        $this->reason = $reason;
    }

    /** @param bool $silence the last attempt since the check was due had no answer */
    public static function of(Claims $c, int $time, bool $silence, string $identifier, Place $place): self
    {
        if ($c->status !== 'active') {
            return new self(State::INVALID, $c->status);
        }
        $refused = $place->refusedBy($c, $identifier);
        if ($refused !== '') {
            return new self(State::INVALID, $refused);
        }
        if ($time >= $c->expires) {
            return new self(State::LAPSED);
        }
        if ($time < $c->checkAt) {
            return new self(State::VALID);
        }
        if (!$silence) {
            return new self(State::DUE);
        }
        $standing = new self(State::GRACE);
        $standing->daysLeft = intdiv($c->expires - $time + 86399, 86400);

        return $standing;
    }
}
