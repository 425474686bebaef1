<?php

// Runs the tests: php tests/run.php [part of a name]. Prints a line for each, in the manner of TAP, and exits with 1
// when one fails. A notice or a warning is a failure of the test in which it happens.

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
ini_set('zend.assertions', '-1');
set_error_handler(static function (int $kind, string $message, string $file, int $line): bool {
    throw new \ErrorException($message, 0, $kind, $file, $line);
});

require __DIR__ . '/../autoload.php';
require __DIR__ . '/support.php';
require __DIR__ . '/minting.php';
require __DIR__ . '/installation.php';

$only = $argv[1] ?? '';
$number = 0;
$failed = 0;
foreach (glob(__DIR__ . '/*_test.php') ?: [] as $file) {
    /** @var array<string,callable> $tests */
    $tests = require $file;
    foreach ($tests as $name => $test) {
        $name = basename($file, '_test.php') . ': ' . $name;
        if ($only !== '' && strpos($name, $only) === false) {
            continue;
        }
        $number++;
        $begun = microtime(true);
        try {
            $test();
            echo "ok $number - $name", microtime(true) - $begun > 1 ? sprintf(' # %.1f s', microtime(true) - $begun) : '', "\n";
        } catch (\Throwable $e) {
            $failed++;
            echo "not ok $number - $name\n";
            echo '# ' . str_replace("\n", "\n# ", get_class($e) . ': ' . $e->getMessage() . "\n" . $e->getFile() . ':' . $e->getLine() . "\n" . $e->getTraceAsString()), "\n";
        } finally {
            cleanUp();
        }
    }
}
echo "1..$number\n";
if ($failed > 0) {
    echo "# $failed of $number failed\n";
}
exit($failed === 0 && $number > 0 ? 0 : 1);
