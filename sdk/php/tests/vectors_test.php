<?php

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\Claims;
use Keystead\Licensed\Place;
use Keystead\Licensed\Refused;
use Keystead\Licensed\Standing;
use Keystead\Licensed\Time;
use Keystead\Licensed\Verifier;

$tests = [];

$leases = vectors('leases.json');
foreach ($leases->cases as $case) {
    $tests["lease: $case->name"] = static function () use ($case, $leases): void {
        $verifier = new Verifier($case->roots ?? $leases->roots, $case->product);
        $error = '';
        $claims = null;
        try {
            $claims = $verifier->verify($case->lease ?? '', $case->nonce ?? '', $case->key ?? '', $case->time ?? 0, $case->serial ?? 0);
        } catch (Refused $e) {
            $error = $e->reason;
        }
        same($case->error ?? '', $error);
        if ($error === '') {
            $want = Claims::of($case->claims);
            $want->serial = $claims->serial;
            same(get_object_vars($want), get_object_vars($claims));
            holds($claims->serial >= ($case->serial ?? 0), 'the serial is too low');
        }
    };
}

foreach (vectors('clock.json')->cases as $case) {
    $tests["clock: $case->name"] = static function () use ($case): void {
        $time = Time::of($case->seen ?? null, $case->reading ?? null, $case->own);
        same([$case->time, $case->fault ?? false], [$time->now, $time->fault]);
    };
}

foreach (vectors('states.json')->cases as $case) {
    $tests["state: $case->name"] = static function () use ($case): void {
        $place = new Place($case->place->domain ?? '', $case->place->ip ?? '', $case->place->directory ?? '');
        $standing = Standing::of(Claims::of($case->claims), $case->time, $case->silence ?? false, $case->identifier ?? '', $place);
        same([$case->state, $case->reason ?? '', $case->days_left ?? 0], [$standing->state, $standing->reason, $standing->daysLeft]);
    };
}

return $tests;
