<?php

// An installation without a way to the license server, with the PHP library: it writes its request file, and takes a
// lease file. Arguments: FOLDER ROOT,ROOT IDENTIFIER, and request KEY or load FILE.

declare(strict_types=1);

use Keystead\Licensed\Config;
use Keystead\Licensed\FileStore;
use Keystead\Licensed\License;
use Keystead\Licensed\Place;

require __DIR__ . '/../../sdk/php/autoload.php';

[, $folder, $roots, $identifier, $verb, $what] = $argv;
$license = new License(new Config([
    'product' => 'widget', 'rootKeys' => explode(',', $roots), 'store' => new FileStore($folder . '/license.json'), 'version' => '1.2.0',
    'identifier' => $identifier, 'place' => new Place($identifier, '', '/srv/größe'),
]));
$result = $verb === 'request' ? $license->requestFile($what) : $license->loadLease((string) file_get_contents($what));
if (!$result->ok) {
    fwrite(STDERR, $result->code . "\n");
    exit(1);
}
echo $verb === 'request' ? $result->text : json_encode(['state' => $license->status()->state]) . "\n";
