<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** Where the license stands, for the software and for people. */
final class Status
{
    /** @var string one of State */
    public $state = State::NO_KEY;
    /** @var string why the state is Invalid: expired, suspended, not_activated, wrong_domain, … */
    public $reason = '';
    /** @var string what to tell an administrator, and where it is explained: the paragraph's name in the help page */
    public $code = '';
    /** @var string one or two sentences */
    public $message = '';
    /** @var string address of the explanation; empty where nothing is wrong */
    public $help = '';
    /** @var string the license key, all but its ends hidden */
    public $key = '';
    /** @var Claims|null what the lease says; null without one */
    public $claims;
    /** @var int the time by which the license is judged */
    public $time = 0;
    /** @var int days left on grace */
    public $daysLeft = 0;
    /** @var int|null when the server last answered */
    public $lastCheck;
    /** @var int|null when it is asked next */
    public $nextCheck;
    /** @var string why the last attempt had no answer */
    public $lastError = '';
    /** @var list<array{code:string,detail:string}> what should be mended although the license may be valid: damaged files, the clock */
    public $problems = [];

    /** Whether the admin area is on. The public area always is. */
    public function isOn(): bool
    {
        return State::isOn($this->state);
    }

    /**
     * What was bought: true, a number, …; the default where it was not, or nothing is known.
     *
     * @param mixed $default
     * @return mixed
     */
    public function entitlement(string $name, $default = null)
    {
        return $this->claims->entitlements[$name] ?? $default;
    }
}
