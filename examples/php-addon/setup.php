<?php

// What the add-on knows: its settings, its license and its administrator. A real one would have them in a file.

declare(strict_types=1);

use Keystead\Licensed\FileStore;
use Keystead\Licensed\License;
use Keystead\Licensed\Place;

require __DIR__ . '/../../sdk/php/autoload.php'; // with Composer: vendor/autoload.php

function setting(string $name, string $default = ''): string
{
    $value = getenv($name);

    return $value === false ? $default : $value;
}

/** The clock; tests put into a file by how much it is ahead, such as 168h, or seconds since 1970. */
function now(): int
{
    $file = setting('LICENSED_DEMO_NOW');
    $text = $file !== '' && is_file($file) ? trim((string) file_get_contents($file)) : '';
    if (preg_match('/\A\d{6,}\z/', $text) === 1) {
        return (int) $text;
    }
    $ahead = 0;
    preg_match_all('/([\d.]+)(h|m|s)/', $text, $parts, PREG_SET_ORDER);
    foreach ($parts as [, $number, $unit]) {
        $ahead += (float) $number * ['h' => 3600, 'm' => 60, 's' => 1][$unit];
    }

    return time() + (int) ($text !== '' && $text[0] === '-' ? -$ahead : $ahead);
}

/** Whether name and password are the administrator's. */
function isAdministrator(string $name, string $password): bool
{
    $right = setting('LICENSED_DEMO_PASSWORD', 'demo');

    return hash_equals(setting('LICENSED_DEMO_ADMIN', 'admin'), $name) && hash_equals($right, $password);
}

function license(): License
{
    static $license = null;

    return $license = $license ?? new License([
        'server' => setting('LICENSED_DEMO_SERVER'),
        'product' => setting('LICENSED_DEMO_PRODUCT'),
        'rootKeys' => explode(',', setting('LICENSED_DEMO_ROOT_KEYS')), // in a real add-on: written down here, in the code
        'store' => new FileStore(setting('LICENSED_DEMO_DATA', 'data') . '/license.json'),
        'version' => setting('LICENSED_DEMO_VERSION', '2.1.0'),
        'releasedAt' => setting('LICENSED_DEMO_RELEASED_AT'),
        'identifier' => setting('LICENSED_DEMO_IDENTIFIER'),
        'place' => new Place(setting('LICENSED_DEMO_DOMAIN'), setting('LICENSED_DEMO_IP'), setting('LICENSED_DEMO_DIRECTORY')),
        'pageURL' => '/admin/license',
        'confirm' => 'isAdministrator',
        'timeout' => (float) setting('LICENSED_DEMO_TIMEOUT', '5s'),
        'now' => 'now',
    ]);
}
