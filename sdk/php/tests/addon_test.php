<?php

// The example, as a visitor and an administrator see it.

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

/** A browser: keeps cookies, follows no redirects. */
final class Visitor
{
    /** @var string */
    private $address;
    /** @var array<string,string> */
    private $cookies = [];
    /** @var int */
    public $status = 0;
    /** @var string */
    public $body = '';

    public function __construct(string $address)
    {
        $this->address = $address;
    }

    /** @param array<string,string>|null $form */
    public function go(string $path, ?array $form = null): string
    {
        $cookies = implode('; ', array_map(static function (string $n, string $v): string {
            return "$n=$v";
        }, array_keys($this->cookies), $this->cookies));
        $context = stream_context_create(['http' => [
            'method' => $form === null ? 'GET' : 'POST', 'content' => http_build_query($form ?? []), 'ignore_errors' => true, 'follow_location' => 0,
            'header' => ['Content-Type: application/x-www-form-urlencoded', "Cookie: $cookies"], 'timeout' => PATIENCE,
        ]]);
        $stream = fopen($this->address . $path, 'rb', false, $context);
        $this->body = (string) stream_get_contents($stream);
        $headers = stream_get_meta_data($stream)['wrapper_data'];
        fclose($stream);
        $this->status = (int) explode(' ', $headers[0])[1];
        foreach ($headers as $header) {
            if (preg_match('/\ASet-Cookie: ([^=]+)=([^;]*)/i', $header, $m) === 1) {
                $this->cookies[$m[1]] = $m[2];
            }
        }
        foreach (['Warning:', 'Notice:', 'Deprecated:', 'Fatal error:'] as $complaint) {
            hasNot($complaint, $this->body, $path);
        }

        return $this->body;
    }

    /** @param array<string,string> $fields */
    public function send(string $path, array $fields): string
    {
        same(1, preg_match('/name="keystead_token" value="(\w+)"/', $this->go($path), $m), 'no form');

        return $this->go($path, $fields + ['keystead_token' => $m[1]]);
    }
}

/** @return array{Installation,string,string} the license server, the add-on's address, its data */
$begin = static function (): array {
    $i = new Installation();
    $data = $i->folder . '/data';
    file_put_contents("$data/clock", (string) $i->now);
    $port = freePort();
    start([PHP_BINARY, '-d', 'variables_order=EGPCS', '-d', 'error_reporting=-1', '-d', 'display_errors=1', '-d', 'html_errors=0', '-S', "127.0.0.1:$port",
        __DIR__ . '/../../../examples/php-addon/index.php', ], $port, [
            'LICENSED_DEMO_SERVER' => 'http://127.0.0.1:' . $i->port, 'LICENSED_DEMO_PRODUCT' => 'widget', 'LICENSED_DEMO_ROOT_KEYS' => (new Minting('ours'))->rootKey(),
            'LICENSED_DEMO_DATA' => $data, 'LICENSED_DEMO_PASSWORD' => 'correct horse', 'LICENSED_DEMO_NOW' => "$data/clock", 'LICENSED_DEMO_IDENTIFIER' => 'shop.example',
            'LICENSED_DEMO_DOMAIN' => 'shop.example', 'LICENSED_DEMO_TIMEOUT' => PATIENCE . 's',
        ]);

    return [$i, "http://127.0.0.1:$port", $data];
};

$tests = [];

$tests['from the first key to the day when the server is gone for too long'] = static function () use ($begin): void {
    [$i, $address, $data] = $begin();
    $public = new Visitor($address);
    has('Welcome to our shop', $public->go('/'));
    hasNot('Single sign-on', $public->body);
    $public->go('/admin');
    same(303, $public->status);
    $public->go('/login', ['name' => 'admin', 'password' => 'guess']);
    same(403, $public->status);
    has('No license key has been entered yet', $public->go('/admin/license'));
    $form = ['keystead_action' => 'change', 'keystead_name' => 'admin', 'keystead_password' => 'correct horse', 'keystead_key' => Installation::KEY];
    has('License saved', $public->send('/admin/license', $form));
    has('Single sign-on', $public->go('/'));
    hasNot('8F90', $public->go('/admin/license'), 'to a stranger');
    $admin = new Visitor($address);
    $admin->go('/login', ['name' => 'admin', 'password' => 'correct horse']);
    has('All that an administrator does', $admin->go('/admin'));
    same(200, $admin->status);
    has('8F90', $admin->go('/admin/license'));
    $i->down();
    foreach ([6 => 'Valid', 7 => 'Grace', 9 => 'Grace', 10 => 'Lapsed', 11 => 'Lapsed'] as $day => $state) {
        file_put_contents("$data/clock", (string) ($i->now + $day * 86400 + 60));
        $admin->go('/admin');
        same($day < 10 ? 200 : 403, $admin->status, "day $day");
        same($state, json_decode($admin->go('/admin/license.json'), true)['state'], "day $day");
        has('Welcome to our shop', $public->go('/'), "day $day");
        same(200, $public->status);
    }
    has('Enter a new license key', $admin->go('/admin'));
    has('has not answered for too long', $public->go('/admin/license'));
    $i->wait(11);
    $i->up();
    file_put_contents("$data/clock", (string) ($i->now + 3600));
    $admin->go('/admin');
    same(200, $admin->status, 'the server is back');
};

$tests['damaged files leave the public page as it is'] = static function () use ($begin): void {
    [, $address, $data] = $begin();
    $public = new Visitor($address);
    foreach (['', '{', "\0\xff", '<html>', '{"key":[]}'] as $damage) {
        foreach (['', '.lease', '.lease.1', '.state', '.attempts', '.request'] as $suffix) {
            file_put_contents("$data/license.json$suffix", $damage);
            chmod("$data/license.json$suffix", 0666);
        }
        has('Welcome to our shop', $public->go('/'));
        $public->go('/admin/license');
        same(200, $public->status);
    }
};

return $tests;
