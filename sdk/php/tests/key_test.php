<?php

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\Place;
use Keystead\Licensed\State;

const OTHER = 'OTHER-KEY-0123456789';

$tests = [];

$tests['a new key is activated, and the old one dropped only then'] = static function (): void {
    $i = Installation::licensed(['identifier' => 'shop.example']);
    same(['validate', 'activate'], array_column($i->asked(), 'call'));
    same('shop.example', $i->license()->info()['identifier']);
    $refusals = [
        'suspended' => ['key' => OTHER, 'status' => 'suspended'],
        'activation_limit_reached' => ['key' => OTHER, 'limit' => 1, 'active' => ['another.example']],
        'product_mismatch' => ['key' => OTHER, 'product' => 'gadget'],
    ];
    foreach ($refusals as $code => $license) {
        $i->serve(['licenses' => [$i->fake['licenses'][0], $license]]);
        $i->serve(['licenses' => [['active' => ['shop.example']] + $i->fake['licenses'][0], $license]]);
        $result = $i->license()->setKey(OTHER);
        same([false, $code], [$result->ok, $result->code]);
        has('#' . $code, $result->help);
        same([Installation::KEY, State::VALID], [$i->license()->key(), $i->license()->status()->state]);
    }
    same('license_not_found', $i->license()->setKey('UNKNOWN-KEY')->code);
    foreach (['', "  \n", "a\nb", str_repeat('x', 300), "\xff\xfe"] as $bad) {
        same('bad_key', $i->license()->setKey($bad)->code);
    }
    $i->serve(['mode' => 'page', 'licenses' => [$i->fake['licenses'][0], ['key' => OTHER]]]);
    same('bad_answer', $i->license()->setKey(OTHER)->code);
    $i->serve(['mode' => 'other nonce']);
    same('bad_lease', $i->license()->setKey(OTHER)->code);
    same(State::VALID, $i->license()->status()->state, 'after so many refusals');
    $i->serve(['mode' => 'up']);
    holds($i->license()->setKey(OTHER)->ok, 'the good key was not taken');
    same([OTHER, State::VALID], [$i->license()->key(), $i->license()->status()->state]);
};

$tests['a check never activates; activate here does'] = static function (): void {
    $i = Installation::licensed(['identifier' => 'https://www.Shop.example/']);
    same(State::VALID, $i->license()->status()->state);
    $i->change(['active' => []]);
    $i->wait(7);
    same('not_activated', $i->license()->open()->reason);
    same(['validate', 'activate', 'validate'], array_column($i->asked(), 'call'));
    $i->change(['active' => ['elsewhere'], 'limit' => 1]);
    same('activation_limit_reached', $i->license()->activate()->code);
    $i->change(['active' => [], 'limit' => 1]);
    holds($i->license()->activate()->ok, 'not activated');
    same(State::VALID, $i->license()->status()->state);
    holds($i->license()->deactivate()->ok, 'not deactivated');
    same('not_activated', $i->license()->status()->reason);
};

$tests['a definite no about the key at hand counts at once, whatever was asked'] = static function (): void {
    $i = Installation::licensed(['identifier' => 'shop.example']);
    $i->change(['status' => 'revoked']);
    same('revoked', $i->license()->setKey(Installation::KEY)->code);
    same([State::INVALID, 'revoked'], [$i->license()->status()->state, $i->license()->status()->reason]);

    $i = Installation::licensed(['identifier' => 'shop.example']);
    $i->change(['active' => ['elsewhere'], 'limit' => 1]);
    same('activation_limit_reached', $i->license()->activate()->code);
    same([State::INVALID, 'not_activated'], [$i->license()->status()->state, $i->license()->status()->reason]);

    // The first of the two questions was answered, so much is certain.
    $i = Installation::licensed(['identifier' => 'shop.example']);
    $i->change(['active' => []]);
    $i->serve(['mode' => 'no activation']);
    same('bad_status', $i->license()->activate()->code);
    same([State::INVALID, 'not_activated'], [$i->license()->status()->state, $i->license()->status()->reason]);
};

$tests['a copy of the files does not run elsewhere'] = static function (): void {
    $i = Installation::licensed(['identifier' => 'shop.example']);
    $i->down();
    $i->settings['identifier'] = static function (): string {
        return 'copy.example';
    };
    same('not_activated', $i->license()->open()->reason);
};

$tests['bindings are compared also offline'] = static function (): void {
    $i = new Installation(['place' => new Place('shop.example', '192.0.2.1', '/srv/shop')]);
    $i->change(['claims' => ['dom' => ['shop.example'], 'ips' => ['192.0.2.0/24'], 'dir' => ['/srv/shop']]]);
    holds($i->license()->setKey(Installation::KEY)->ok, 'not taken');
    same(['shop.example', '192.0.2.1', '/srv/shop'], [$i->asked()[0]['domain'], $i->asked()[0]['ip'], $i->asked()[0]['directory']]);
    $i->down();
    $places = ['wrong_domain' => new Place('x.example', '192.0.2.1', '/srv/shop'), 'wrong_ip' => new Place('shop.example', '192.0.3.1', '/srv/shop')];
    $places['wrong_directory'] = new Place('shop.example', '192.0.2.1', '/srv/other');
    foreach ($places as $reason => $place) {
        $i->settings['place'] = static function () use ($place): Place {
            return $place;
        };
        same($reason, $i->license()->status()->reason);
    }
};

$tests['a product that ignores case: the key is kept as it was issued'] = static function (): void {
    $i = new Installation();
    $i->serve(['ignore_case' => true, 'licenses' => [['key' => 'Owned-7fd563bdca']]]);
    holds($i->license()->setKey('OWNED-7FD563BDCA')->ok, 'not taken');
    same('Owned-7fd563bdca', $i->license()->key());
    same(State::VALID, $i->license()->status()->state);
};

$tests['name and password: the hook decides, five attempts from one address, thirty from all'] = static function (): void {
    $i = new Installation();
    for ($n = 0; $n < 4; $n++) {
        same('wrong_password', $i->license()->changeKey('admin', 'guess', Installation::KEY, '192.0.2.9')->code);
    }
    holds($i->license()->changeKey('admin', 'correct horse', Installation::KEY, '192.0.2.9')->ok, 'the right one');
    for ($n = 0; $n < 5; $n++) {
        same('wrong_password', $i->license()->reveal('admin', 'guess', '192.0.2.9')->code);
    }
    same('too_many_attempts', $i->license()->reveal('admin', 'correct horse', '192.0.2.9')->code);
    same(Installation::KEY, $i->license()->reveal('admin', 'correct horse', '192.0.2.10')->text);
    for ($n = 0; $n < 5; $n++) {
        $i->license()->reveal('admin', 'guess', '2001:db8::' . $n);
    }
    same('too_many_attempts', $i->license()->reveal('admin', 'correct horse', '2001:db8::77')->code, 'the same /64');
    for ($n = 0; $n < 20; $n++) {
        $i->license()->reveal('admin', 'guess', "198.51.100.$n");
    }
    same('too_many_attempts', $i->license()->reveal('admin', 'correct horse', '203.0.113.1')->code, 'too many from all');
    $i->now += 901;
    same(Installation::KEY, $i->license()->reveal('admin', 'correct horse', '192.0.2.9')->text, 'a quarter of an hour later');
    $i->settings['confirm'] = null;
    same('no_hook', $i->license()->changeKey('admin', 'correct horse', OTHER)->code);
};

$tests['without a way to the server: request file and lease file'] = static function (): void {
    $i = new Installation(['identifier' => 'machine-1', 'server' => '', 'place' => new Place('', '', '/opt/app')], false);
    same('no_server', $i->license()->setKey(Installation::KEY)->code);
    same('no_request', $i->license()->loadLease('x')->code);
    $request = json_decode($i->license()->requestFile(Installation::KEY)->text, true);
    same(['product', 'license_key', 'identifier', 'nonce', 'version', 'directory'], array_keys($request));
    same(State::NO_KEY, $i->license()->status()->state, 'nothing is confirmed yet');
    $minting = new Minting('ours');
    $until = ['chk' => $i->now + 365 * 86400, 'exp' => $i->now + 365 * 86400, 'idt' => 'machine-1'];
    $lease = $minting->lease(Installation::KEY, $i->now, $until + ['nce' => $request['nonce']]);
    same('lease_file_refused', $i->license()->loadLease($minting->lease(Installation::KEY, $i->now, $until + ['nce' => 'another']))->code);
    same('lease_file_refused', $i->license()->loadLease($minting->lease('another key', $i->now, $until + ['nce' => $request['nonce']]))->code);
    same('not_activated', $i->license()->loadLease($minting->lease(Installation::KEY, $i->now, ['idt' => 'machine-2', 'nce' => $request['nonce']] + $until))->code);
    holds($i->license()->loadLease("$lease\n")->ok, 'not taken');
    same([State::VALID, true], [$i->license()->status()->state, $i->license()->info()['offline']]);
    same('no_request', $i->license()->loadLease($lease)->code, 'it counts once');
    $i->wait(364.9);
    same(State::VALID, $i->license()->open()->state);
    $i->wait(0.2);
    same(State::LAPSED, $i->license()->open()->state, 'no grace');
    $request = json_decode($i->license()->requestFile()->text, true);
    $lease = $minting->lease(Installation::KEY, $i->now, ['nce' => $request['nonce'], 'idt' => 'machine-1']);
    holds($i->license()->loadLease((string) json_encode(['lease' => $lease]))->ok, 'the next one was not taken');
    same(State::VALID, $i->license()->open()->state);
};

return $tests;
