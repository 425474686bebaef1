<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Runs what may complain: the functions of PHP for files and connections raise warnings that would end up on the
 * customer's page. Their return values say enough.
 *
 * @internal
 */
final class Quiet
{
    /**
     * @param callable():mixed $do
     * @return mixed
     */
    public static function call(callable $do)
    {
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $do();
        } finally {
            restore_error_handler();
        }
    }
}
