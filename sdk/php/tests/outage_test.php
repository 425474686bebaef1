<?php

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\State;

$tests = [];

$tests['no key, then a key, then valid'] = static function (): void {
    $i = new Installation();
    same(State::NO_KEY, $i->license()->open()->state);
    same([], $i->asked(), 'asked without a key');
    $result = $i->license()->setKey('  ' . Installation::KEY . "\n");
    holds($result->ok, $result->message);
    same(State::VALID, $i->license()->status()->state);
    same(true, $i->license()->status()->entitlement('feature.sso'));
    same(25, $i->license()->status()->entitlement('projects.max'));
    same(['validate'], array_column($i->asked(), 'call'));
    $asked = $i->asked()[0];
    same(['widget', '2.1.0', '2027-01-15T00:00:00Z', 43], [$asked['product_id'], $asked['version'], $asked['released_at'], strlen($asked['nonce'])]);
    foreach (['', '.lease', '.state'] as $suffix) {
        same(0600, fileperms($i->path . $suffix) & 0777, "mode of license.json$suffix");
    }
};

foreach (['down', '500', '503', '429', 'garbage', 'page', 'redirect', 'huge', 'bare', 'forgot', 'wrong signature', 'foreign root', 'other nonce', 'slow'] as $mode) {
    $tests["days 0 to 11, server: $mode"] = static function () use ($mode): void {
        $i = Installation::licensed();
        if ($mode === 'down') {
            $i->down();
        } else {
            $i->settings['timeout'] = $mode === 'slow' ? 0.1 : PATIENCE;
            $i->serve($mode === 'slow' ? ['delay' => 0.4] : ['mode' => $mode]);
        }
        $want = [
            0 => 'Valid', 1 => 'Valid', 6 => 'Valid', 7 => 'Grace', 8 => 'Grace', 9 => 'Grace', 10 => 'Lapsed', 11 => 'Lapsed',
        ];
        $left = [7 => 3, 8 => 2, 9 => 1];
        for ($day = 0; $day <= 11; $day++) {
            if ($day === 7) {
                same(State::DUE, $i->license()->status()->state, 'before anybody asked');
            }
            $admin = $i->license()->open();
            same($want[$day] ?? 'Valid', $admin->state, "day $day");
            same($left[$day] ?? 0, $admin->daysLeft, "days left on day $day");
            same($day < 10, $i->license()->admin() === null, "admin area on day $day");
            $before = [count($i->asked()), file_get_contents($i->path . '.state')];
            $i->now += 7200; // whatever back-off there is, is over
            $public = $i->license()->status();
            $i->now -= 7200;
            same($before, [count($i->asked()), file_get_contents($i->path . '.state')], 'the public page asked');
            same($admin->state, $public->state, "public on day $day");
            $i->wait(1);
        }
        // It is mended: the next time the admin area is opened it is on.
        $i->serve(['mode' => 'up', 'delay' => 0]);
        if ($mode === 'down') {
            $i->up();
        }
        $i->wait(0.1);
        if ($mode === 'slow') {
            $i->settings['timeout'] = PATIENCE; // it still answers the last question
        }
        same(State::VALID, $i->license()->open()->state, 'after the server is back');
    };
}

$tests['checks once in seven days'] = static function (): void {
    $i = Installation::licensed();
    for ($day = 0; $day < 30; $day++) {
        for ($page = 0; $page < 3; $page++) {
            same(State::VALID, $i->license()->open()->state);
            same(State::VALID, $i->license()->check()->state);
        }
        $i->wait(1);
    }
    same(1 + 4, count($i->asked()));
};

$tests['asks less and less often while nothing is answered'] = static function (): void {
    $i = Installation::licensed();
    $i->wait(7);
    $i->down();
    $times = [];
    $last = null;
    for ($minute = 0; $minute < 2 * 1440; $minute++) {
        $i->license()->check();
        $attempt = json_decode((string) file_get_contents($i->path . '.state'), true)['attempt'];
        if ($attempt !== $last) {
            $times[] = $last = $attempt;
        }
        $i->now += 60;
    }
    $gaps = [];
    for ($n = 1; $n < count($times); $n++) {
        $gaps[] = intdiv($times[$n] - $times[$n - 1], 60);
    }
    holds($gaps[0] >= 1 && $gaps[0] <= 2, 'first wait: ' . $gaps[0]);
    holds($gaps[3] >= 6 && $gaps[3] <= 10, 'fourth wait: ' . $gaps[3]);
    holds(end($gaps) >= 288 && end($gaps) <= 361, 'last wait: ' . end($gaps));
    same(State::GRACE, $i->license()->status()->state);
};

$tests['lapsed: hourly, and at most once a minute when the admin area is opened'] = static function (): void {
    $i = Installation::licensed();
    $i->wait(11);
    $i->serve(['mode' => '500']);
    $i->license()->open();
    $asked = count($i->asked());
    for ($second = 0; $second < 600; $second += 10) {
        $i->now += 10;
        $i->license()->open();
    }
    same($asked + 10, count($i->asked()), 'by the admin area');
    $asked = count($i->asked());
    for ($minute = 0; $minute < 300; $minute++) {
        $i->now += 60;
        $i->license()->check();
    }
    same($asked + 5, count($i->asked()), 'by the job');
};

foreach (['expired', 'suspended', 'revoked', 'cancelled', 'banned', 'wrong_domain', 'version_not_allowed'] as $reason) {
    $tests["a definite no counts at once, and a yes too: $reason"] = static function () use ($reason): void {
        $i = Installation::licensed();
        $i->change(['status' => $reason]);
        same(State::VALID, $i->license()->open()->state, 'not asked yet');
        $i->wait(7);
        $status = $i->license()->open();
        same([State::INVALID, $reason], [$status->state, $status->reason]);
        has('troubleshooting.md#' . $reason, $status->help);
        holds($i->license()->status()->claims !== null, 'the information is gone');
        same(403, $i->license()->admin()->status);
        $i->down();
        $i->wait(1);
        same($reason, $i->license()->open()->reason, 'stays while the server is away');
        $i->change(['status' => 'active']);
        $i->up();
        same($reason, $i->license()->open()->reason, 'within a minute');
        $i->now += 61;
        same(State::VALID, $i->license()->open()->state, 'after the payment');
    };
}

$tests['a license unknown to a restored server goes on, one that never was known does not begin'] = static function (): void {
    $i = Installation::licensed();
    $i->wait(7);
    $i->serve(['licenses' => []]);
    $status = $i->license()->open();
    same([State::GRACE, 'license_not_found'], [$status->state, $status->lastError]);
    $fresh = new Installation();
    file_put_contents($fresh->path, '{"key":"unknown"}');
    chmod($fresh->path, 0600);
    $status = $fresh->license()->open();
    same([State::UNVERIFIED, 'license_not_found'], [$status->state, $status->code]);
};

$tests['a key that lies there already is checked at once'] = static function (): void {
    $i = new Installation();
    file_put_contents($i->path, '{"key":"' . Installation::KEY . '"}');
    chmod($i->path, 0600);
    same(State::UNVERIFIED, $i->license()->status()->state);
    same(State::VALID, $i->license()->check()->state);
};

$tests['serials never go back'] = static function (): void {
    $i = Installation::licensed();
    $i->serve(['serial' => 4]);
    $i->wait(7);
    same(State::VALID, $i->license()->open()->state);
    $i->serve(['serial' => 3]);
    $i->wait(7);
    $status = $i->license()->open();
    same([State::GRACE, 'bad_lease'], [$status->state, $status->lastError]);
};

$tests['force update asks at any time and says what came of it'] = static function (): void {
    $i = Installation::licensed();
    $i->change(['status' => 'suspended']);
    $result = $i->license()->forceUpdate();
    same([true, State::INVALID, 'suspended'], [$result->ok, $result->status->state, $result->status->reason]);
    $i->change(['status' => 'active']);
    same(State::VALID, $i->license()->forceUpdate()->status->state);
    $i->down();
    $result = $i->license()->forceUpdate();
    same([false, 'unreachable', State::VALID], [$result->ok, $result->code, $result->status->state]);
    same('nokey', (new Installation([], false))->license()->forceUpdate()->code);
};

return $tests;
