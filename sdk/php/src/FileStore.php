<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * Keeps key and lease in files side by side: license.json (the key), license.json.lease, license.json.lease.1 (the
 * lease before), license.json.state. They belong into a folder that the web server does not serve and that the software
 * may write. Several processes may share it.
 */
final class FileStore implements Store
{
    private const NAMES = [
        self::KEY => '', self::LEASE => '.lease', self::RESERVE => '.lease.1', self::STATE => '.state',
        self::REQUEST => '.request', self::ATTEMPTS => '.attempts',
    ];
    private const LONGEST = 65536;

    /** @var string */
    private $path;
    /** @var resource|null */
    private $lock;

    public function __construct(string $path)
    {
        $this->path = $path;
    }

    public function read(string $part): Reading
    {
        return Quiet::call(function () use ($part): Reading {
            return $this->readFile($this->path . self::NAMES[$part]);
        });
    }

    private function readFile(string $path): Reading
    {
        clearstatcache(true, $path);
        if (!file_exists($path)) {
            $folder = dirname($path);

            return new Reading('', !is_dir($folder) || is_executable($folder) ? '' : 'the folder may not be read by this user');
        }
        $name = basename($path);
        if (!is_file($path)) { // reading a pipe would wait for ever
            return new Reading('', "$name is not a file");
        }
        if (!is_readable($path)) {
            return new Reading('', "$name may not be read by this user");
        }
        $text = file_get_contents($path, false, null, 0, self::LONGEST + 1);
        if ($text === false) {
            return new Reading('', "$name can't be read");
        }
        if (trim($text) === '') {
            return new Reading('', "$name is empty");
        }
        if (strlen($text) > self::LONGEST) {
            return new Reading('', "$name is too large to be ours");
        }

        return new Reading($text, self::exposure($path), true);
    }

    /** What others may do with a file that is ours. */
    private static function exposure(string $path): string
    {
        if (DIRECTORY_SEPARATOR !== '/') {
            return '';
        }
        $mode = (int) fileperms($path);
        if (($mode & 0006) !== 0) {
            return basename($path) . ' may be ' . (($mode & 0002) !== 0 ? 'written' : 'read') . ' by everybody';
        }
        $owner = fileowner($path);
        $foreign = function_exists('posix_geteuid') && $owner !== 0 && $owner !== posix_geteuid();

        return $foreign ? basename($path) . ' belongs to another user' : '';
    }

    public function write(string $part, string $text): string
    {
        $path = $this->path . self::NAMES[$part];

        return Quiet::call(function () use ($path, $text): string {
            if ($text === '') {
                clearstatcache(true, $path);

                return !file_exists($path) || unlink($path) ? '' : basename($path) . " can't be removed";
            }
            $this->makeFolder();
            // The name is known and the file is made anew: crashes leave no litter, and nobody has put a link there.
            $temporary = $path . '.tmp';
            if (file_exists($temporary) || is_link($temporary)) {
                unlink($temporary);
            }
            if ($this->writeFile($temporary, $text) && rename($temporary, $path)) {
                return '';
            }
            if (file_exists($temporary)) {
                unlink($temporary);
            }

            return $this->problem() ?: basename($path) . " can't be written";
        });
    }

    private function writeFile(string $path, string $text): bool
    {
        $mask = umask(0077);
        $file = fopen($path, 'xb');
        umask($mask);
        if ($file === false) {
            return false;
        }
        $written = fwrite($file, $text) === strlen($text) && fflush($file);
        if ($written && function_exists('fsync')) { // PHP 8.1
            $written = fsync($file);
        }

        return fclose($file) && $written;
    }

    public function problem(): string
    {
        return Quiet::call(function (): string {
            $this->makeFolder();
            clearstatcache();
            if (!is_dir(dirname($this->path))) {
                return 'the folder does not exist and can\'t be made';
            }
            if (is_dir($this->path)) {
                return basename($this->path) . ' is not a file';
            }

            // Trying tells more than asking: there are more reasons than the mode of a folder.
            $probe = $this->path . '.' . getmypid() . '.tmp';
            if ($this->writeFile($probe, 'x') && unlink($probe)) {
                return '';
            }
            if (file_exists($probe)) {
                unlink($probe);

                return 'the disk is full';
            }

            return 'the folder may not be written by this user';
        });
    }

    private function makeFolder(): void
    {
        if (!is_dir(dirname($this->path))) {
            mkdir(dirname($this->path), 0700, true);
        }
    }

    public function lock(float $seconds): bool
    {
        return Quiet::call(function () use ($seconds): bool {
            $this->makeFolder();
            $mask = umask(0077);
            $file = fopen($this->path . '.lock', 'cb');
            umask($mask);
            if ($file === false) {
                return false;
            }
            $until = microtime(true) + $seconds;
            while (!flock($file, LOCK_EX | LOCK_NB)) {
                if (microtime(true) >= $until) {
                    fclose($file);

                    return false;
                }
                usleep(20000);
            }
            $this->lock = $file;

            return true;
        });
    }

    public function unlock(): void
    {
        if ($this->lock !== null) {
            fclose($this->lock); // lets go of it
            $this->lock = null;
        }
    }
}
