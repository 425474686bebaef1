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

/** The clock; tests put another time into a file. */
function now(): int
{
    $file = setting('ADDON_CLOCK_FILE');

    return $file !== '' && is_file($file) ? (int) file_get_contents($file) : time();
}

/** Whether name and password are the administrator's. */
function isAdministrator(string $name, string $password): bool
{
    $right = setting('ADDON_ADMIN_PASSWORD');

    return $right !== '' && hash_equals(setting('ADDON_ADMIN_NAME', 'admin'), $name) && hash_equals($right, $password);
}

function license(): License
{
    static $license = null;

    return $license = $license ?? new License([
        'server' => setting('ADDON_SERVER'),
        'product' => setting('ADDON_PRODUCT'),
        'rootKeys' => explode(',', setting('ADDON_ROOT_KEYS')), // in a real add-on: written down here, in the code
        'store' => new FileStore(setting('ADDON_DATA') . '/license.json'),
        'version' => setting('ADDON_VERSION', '1.0.0'),
        'releasedAt' => setting('ADDON_RELEASED_AT'),
        'identifier' => setting('ADDON_IDENTIFIER'),
        'place' => new Place(setting('ADDON_DOMAIN'), setting('ADDON_IP'), setting('ADDON_DIRECTORY')),
        'pageURL' => '/admin/license',
        'confirm' => 'isAdministrator',
        'timeout' => (float) setting('ADDON_TIMEOUT', '5'),
        'now' => 'now',
    ]);
}
