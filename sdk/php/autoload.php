<?php

// For software without Composer: require this file, and the classes of Keystead\Licensed are found.

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    $prefix = 'Keystead\\Licensed\\';
    if (strncmp($class, $prefix, strlen($prefix)) !== 0) {
        return;
    }
    $path = __DIR__ . '/src/' . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
    if (is_file($path)) {
        require $path;
    }
});
