<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * What an administrator wants to know of the license.
 *
 * @internal
 */
final class Info
{
    /** @return array<string,mixed> */
    public static function of(Status $s): array
    {
        $c = $s->claims ?? new Claims();

        return [
            'state' => $s->state,
            'on' => $s->isOn(),
            'reason' => $s->reason,
            'code' => $s->code,
            'message' => $s->message,
            'help' => $s->help,
            'key' => $s->key,
            'offline' => $s->claims !== null && $c->status === 'active' && $c->checkAt === $c->expires,
            'customer' => $c->customer,
            'company' => $c->company,
            'type' => $c->type,
            'plan' => $c->plan,
            'identifier' => $c->identifier,
            'domains' => $c->domains,
            'ips' => $c->ips,
            'directories' => $c->directories,
            'activations_used' => $c->activationsUsed,
            'activation_limit' => $c->activationLimit,
            'addons' => $c->addons,
            'entitlements' => $c->entitlements,
            'expires_at' => $c->licenseExpires,
            'updates_until' => $c->updatesUntil,
            'last_check' => $s->lastCheck,
            'next_check' => $s->nextCheck,
            'runs_until' => $s->claims === null || $s->state === State::INVALID ? null : $c->expires,
            'grace' => $s->state === State::GRACE,
            'days_left' => $s->daysLeft,
            'last_error' => $s->lastError,
            'problems' => $s->problems,
        ];
    }
}
