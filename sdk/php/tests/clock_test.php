<?php

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\State;

$tests = [];

foreach (['at 1970' => -Installation::BEGIN + 1000, 'a year behind' => -365 * 86400, 'an hour behind' => -3600, 'a year ahead' => 365 * 86400] as $name => $ahead) {
    $tests["a clock that is $name all along"] = static function () use ($ahead): void {
        $i = new Installation();
        $i->ahead = $ahead;
        holds($i->license()->setKey(Installation::KEY)->ok, 'the key was not taken');
        same(State::VALID, $i->license()->status()->state);
        same($ahead < 0, in_array('clock', array_column($i->license()->status()->problems, 'code'), true), 'reported');
        $i->down();
        $i->wait(6.9);
        same(State::VALID, $i->license()->open()->state, 'day 6.9');
        $i->wait(0.2);
        same(State::GRACE, $i->license()->open()->state, 'day 7.1');
        $i->wait(2.8);
        same(State::GRACE, $i->license()->open()->state, 'day 9.9');
        $i->wait(0.2);
        same(State::LAPSED, $i->license()->open()->state, 'day 10.1');
        $i->up();
        $i->wait(0.1);
        same(State::VALID, $i->license()->open()->state, 'the server is back');
    };
}

$tests['a clock that is set back does not make the license last longer for ever, and is reported'] = static function (): void {
    $i = Installation::licensed();
    $i->down();
    $i->wait(5);
    $i->ahead = -30 * 86400;
    $status = $i->license()->open();
    same(State::VALID, $status->state);
    same(['clock'], array_column($status->problems, 'code'));
    same(Installation::BEGIN, $status->time);
};

$tests['a clock at fault makes it ask now, but not on each page'] = static function (): void {
    $i = Installation::licensed();
    $i->wait(1);
    $i->ahead = -5 * 86400;
    $asked = count($i->asked());
    for ($page = 0; $page < 20; $page++) {
        same(State::VALID, $i->license()->open()->state);
        $i->now += 10;
    }
    same($asked + 1, count($i->asked()));
    $i->ahead = 0;
    $i->wait(0.1);
    $i->license()->open();
    same([], $i->license()->status()->problems, 'after the clock was mended');
};

$tests['a clock that was years ahead for a while does no harm'] = static function (): void {
    $i = Installation::licensed();
    $i->ahead = 3 * 365 * 86400;
    same(State::VALID, $i->license()->open()->state, 'the server was asked');
    $i->ahead = 0;
    $i->wait(1);
    same(State::VALID, $i->license()->open()->state);
    $i->wait(5);
    same(State::VALID, $i->license()->open()->state);
};

return $tests;
