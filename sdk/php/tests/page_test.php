<?php

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

use Keystead\Licensed\Page;
use Keystead\Licensed\Response;

const OPTIONS = ['signedIn' => 'admin', 'secret' => 's3cret'];
const OUTSIDE = ['secret' => 's3cret'];

/** Sends a form as a browser would: with the token that the page holds. */
function send(Installation $i, array $options, array $fields): Response
{
    $page = $i->license()->page($options)->handle('GET', [])->body;
    same(1, preg_match('/name="keystead_token" value="([0-9a-f]{64})"/', $page, $m), 'no form');

    return $i->license()->page($options)->handle('POST', $fields + ['keystead_token' => $m[1]], '192.0.2.1');
}

$change = static function (string $password, string $key): array {
    return ['keystead_action' => 'change', 'keystead_name' => 'admin', 'keystead_password' => $password, 'keystead_key' => $key];
};

$tests = [];

$tests['it shows all that the license says, and hides the key'] = static function (): void {
    $i = new Installation();
    $i->change(['claims' => ['dom' => ['shop.example'], 'ips' => ['192.0.2.1'], 'dir' => ['/srv/<shop>'], 'lex' => 1900000000, 'upd' => 1850000000]]);
    $i->settings['place'] = new \Keystead\Licensed\Place('shop.example', '192.0.2.1', '/srv/<shop>');
    $i->license()->setKey(Installation::KEY);
    $body = $i->license()->page(OPTIONS)->handle('GET', [])->body;
    foreach (['Active', '••••••••8F90', 'Ann &lt;b&gt;Example&lt;/b&gt;, Example &amp; Co', 'Purchased', 'Developer', 'shop.example', '192.0.2.1', '/srv/&lt;shop&gt;',
        '1 of 5', 'Support pack, next due 2027-03-20 (active)', 'feature.sso', 'projects.max: 25', '2030-03-17', '2028-08-16', 'Last check', 'Next check',
        'Force license update', 'Change license key', 'color-scheme:light dark', 'max-width:36rem', ] as $part) {
        has($part, $body);
    }
    hasNot(Installation::KEY, $body);
    hasNot('<script', $body);
    $info = $i->license()->info();
    same(['Ann <b>Example</b>', 'Example & Co', 1900000000, 1, 5], [$info['customer'], $info['company'], $info['expires_at'], $info['activations_used'], $info['activation_limit']]);
    $fragment = $i->license()->page(OPTIONS + ['embed' => true, 'styleNonce' => 'n0'])->handle('GET', [])->body;
    hasNot('<html', $fragment);
    has('<style nonce="n0">', $fragment);
};

$tests['without a session: the reason and the form, nothing else'] = static function () use ($change): void {
    $i = Installation::licensed();
    $i->change(['status' => 'expired']);
    $i->license()->forceUpdate();
    $refusal = $i->license()->admin();
    same(403, $refusal->status);
    has('The license has expired.', $refusal->body);
    has('data-license-state="Invalid" data-license-reason="expired"', $refusal->body);
    has('troubleshooting.md#expired', $refusal->body);
    has('/admin/license#keystead-change">Enter a new license key', $refusal->body);
    $body = $i->license()->page(OUTSIDE)->handle('GET', [])->body;
    has('The license has expired.', $body);
    foreach (['Ann', '8F90', 'Reveal', 'Force', 'Developer', 'request'] as $part) {
        hasNot($part, $body);
    }
    $asked = count($i->asked());
    foreach (['reveal', 'check', 'activate', 'request', 'load', 'nonsense'] as $action) {
        $response = send($i, OUTSIDE, ['keystead_action' => $action, 'keystead_password' => 'correct horse']);
        same(403, $response->status);
        hasNot(Installation::KEY, $response->body);
    }
    same($asked, count($i->asked()));
    $i->serve(['licenses' => [$i->fake['licenses'][0], ['key' => 'NEW-KEY-0123456789']]]);
    $response = send($i, OUTSIDE, $change('wrong', 'NEW-KEY-0123456789'));
    same(422, $response->status);
    has('#wrong_password', $response->body);
    $response = send($i, OUTSIDE, $change('correct horse', 'UNKNOWN-KEY'));
    has('#license_not_found', $response->body);
    same(Installation::KEY, $i->license()->key());
    $response = send($i, OUTSIDE, $change('correct horse', 'NEW-KEY-0123456789'));
    same(200, $response->status);
    has('License saved', $response->body);
    has('Ann', $response->body);
    same(null, $i->license()->admin());
};

$tests['guessing passwords ends'] = static function () use ($change): void {
    $i = Installation::licensed();
    for ($n = 0; $n < 5; $n++) {
        same(422, send($i, OUTSIDE, $change("guess $n", 'X'))->status);
    }
    same(429, send($i, OUTSIDE, $change('correct horse', Installation::KEY))->status);
};

$tests['a form of another site does nothing'] = static function () use ($change): void {
    $i = Installation::licensed();
    foreach (['', 'x', str_repeat('0', 64)] as $token) {
        $response = $i->license()->page(OPTIONS)->handle('POST', ['keystead_token' => $token] + $change('correct horse', 'NEW'));
        same(403, $response->status);
    }
    same(1, preg_match('/keystead_token" value="(\w+)"/', $i->license()->page(['secret' => 'of another session'] + OPTIONS)->handle('GET', [])->body, $m));
    same(403, $i->license()->page(OPTIONS)->handle('POST', ['keystead_token' => $m[1], 'keystead_action' => 'check'])->status);
    same(403, $i->license()->page(OPTIONS)->handle('POST', ['keystead_token' => ['a'], 'keystead_action' => ['b']])->status);
    $page = $i->license()->page(['signedIn' => 'admin']);
    has('SameSite=Strict', $page->handle('GET', [])->headers['Set-Cookie']);
};

$tests['what the headers say'] = static function (): void {
    $license = Installation::licensed()->license();
    foreach ([$license->page(OPTIONS)->handle('GET', []), Page::refusal($license->status(), '/')] as $document) {
        has("frame-ancestors 'self'", $document->headers['Content-Security-Policy']);
        same('nosniff', $document->headers['X-Content-Type-Options']);
    }
    $fragment = $license->page(['embed' => true] + OPTIONS)->handle('GET', []);
    same([false, 'nosniff'], [isset($fragment->headers['Content-Security-Policy']), $fragment->headers['X-Content-Type-Options']]);
};

$tests['the buttons'] = static function (): void {
    $i = Installation::licensed(['identifier' => 'shop.example']);
    has('The license was checked', send($i, OPTIONS, ['keystead_action' => 'check'])->body);
    hasNot('Activate here', $i->license()->page(OPTIONS)->handle('GET', [])->body);
    $i->change(['active' => []]);
    has('Activate here', send($i, OPTIONS, ['keystead_action' => 'check'])->body);
    has('activated here.', send($i, OPTIONS, ['keystead_action' => 'activate'])->body);
    hasNot(Installation::KEY, send($i, OPTIONS, ['keystead_action' => 'reveal', 'keystead_password' => 'wrong'])->body);
    has(Installation::KEY, send($i, OPTIONS, ['keystead_action' => 'reveal', 'keystead_password' => 'correct horse'])->body);
    $file = send($i, OPTIONS, ['keystead_action' => 'request', 'keystead_password' => 'correct horse']);
    has('attachment', $file->headers['Content-Disposition']);
    $nonce = json_decode($file->body, true)['nonce'];
    $lease = (new Minting('ours'))->lease(Installation::KEY, $i->now, ['nce' => $nonce, 'idt' => 'shop.example', 'chk' => $i->now + 9e6, 'exp' => $i->now + 9e6]);
    has('License saved', send($i, OPTIONS, ['keystead_action' => 'load', 'keystead_lease' => $lease])->body);
    has('#no_request', send($i, OPTIONS, ['keystead_action' => 'load', 'keystead_lease' => $lease])->body);
    $other = ['keystead_action' => 'change', 'keystead_name' => 'someone else', 'keystead_password' => 'correct horse', 'keystead_key' => 'X'];
    has('#wrong_password', send($i, OPTIONS, $other)->body);
};

$tests['every state has its page'] = static function (): void {
    $i = Installation::licensed();
    $i->down();
    $i->wait(7.5);
    has('The license goes on for 3 more days.', $i->license()->page(OPTIONS)->handle('GET', [])->body);
    $i->wait(2);
    has('The license goes on for one more day.', $i->license()->page(OPTIONS)->handle('GET', [])->body);
    $i->wait(2);
    has('has not answered for too long', $i->license()->page(OPTIONS)->handle('GET', [])->body);
    unlink($i->path . '.lease');
    has('Not verified yet', $i->license()->page(OPTIONS)->handle('GET', [])->body);
    unlink($i->path);
    has('No license key has been entered yet.', $i->license()->page(OPTIONS)->handle('GET', [])->body);
    has('No license key has been entered yet.', $i->license()->admin()->body);
    $_SERVER['HTTP_ACCEPT'] = 'application/json';
    same('LICENSE_NOKEY', json_decode($i->license()->admin()->body, true)['error']['code']);
    unset($_SERVER['HTTP_ACCEPT']);
};

return $tests;
