<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** Where the software runs, and whether a license allows it there. Empty: not known. */
final class Place
{
    /** @var string */
    public $domain;
    /** @var string */
    public $ip;
    /** @var string */
    public $directory;

    public function __construct(string $domain = '', string $ip = '', string $directory = '')
    {
        $this->domain = $domain;
        $this->ip = $ip;
        $this->directory = $directory;
    }

    /** Why the license does not allow this place and identifier, the place first: wrong_domain, …, not_activated; or an empty text. */
    public function refusedBy(Claims $c, string $identifier): string
    {
        if ($c->domains !== [] && !self::any($c->domains, [self::class, 'domainMatches'], self::bare(self::host($this->domain)))) {
            return 'wrong_domain';
        }
        if ($c->ips !== [] && !self::any($c->ips, [self::class, 'ipMatches'], trim($this->ip))) {
            return 'wrong_ip';
        }
        if ($c->directories !== [] && !self::any($c->directories, [self::class, 'directoryMatches'], $this->directory)) {
            return 'wrong_directory';
        }
        if ($c->identifier !== '' && !self::sameIdentifier($c->identifier, $identifier)) {
            return 'not_activated';
        }

        return '';
    }

    /** The server writes identifiers in a normal form: the host of an address, lower case of a seat. */
    private static function sameIdentifier(string $allowed, string $own): bool
    {
        $own = trim($own);
        if ($allowed === $own || strtolower($allowed) === strtolower($own)) {
            return true;
        }
        $host = self::bare(self::host($own));

        return $host !== '' && $own !== '' && $host === self::bare(self::host($allowed));
    }

    /** @param list<string> $allowed */
    private static function any(array $allowed, callable $matches, string $own): bool
    {
        if ($own === '') {
            return false;
        }
        foreach ($allowed as $one) {
            if ($matches($one, $own)) {
                return true;
            }
        }

        return false;
    }

    private static function domainMatches(string $allowed, string $own): bool
    {
        $allowed = strtolower(rtrim(trim($allowed), '.'));
        if (strncmp($allowed, '*.', 2) === 0) {
            $suffix = substr($allowed, 1);

            return strlen($own) > strlen($suffix) && substr($own, -strlen($suffix)) === $suffix && $own[0] !== '.';
        }

        return $allowed !== '' && self::bare($allowed) === $own;
    }

    /** The host of what people and software pass for a domain, in lower case. */
    private static function host(string $text): string
    {
        $text = (string) preg_replace('#\A(?:[a-z0-9+.-]*:)?//#i', '', trim($text));
        $text = (string) preg_replace('#[/?\#\\\\].*\z#s', '', $text);
        $at = strrpos($text, '@');
        if ($at !== false) {
            $text = substr($text, $at + 1);
        }
        if (preg_match('/\A\[([^\]]*)\]/', $text, $m) === 1) {
            $text = $m[1];
        } elseif (substr_count($text, ':') === 1) {
            $text = substr($text, 0, (int) strpos($text, ':'));
        }
        $text = rtrim($text, '.');
        if (preg_match('/[\x80-\xff]/', $text) === 1 && function_exists('idn_to_ascii')) {
            $text = idn_to_ascii($text, IDNA_NONTRANSITIONAL_TO_ASCII, INTL_IDNA_VARIANT_UTS46) ?: $text;
        }

        return strtolower($text);
    }

    /** A name as the server keeps it: www.example.com is example.com, so it is not below *.example.com. */
    private static function bare(string $host): string
    {
        return (string) preg_replace('/\A(?:www\.)+/', '', $host);
    }

    private static function ipMatches(string $allowed, string $own): bool
    {
        $slash = strpos($allowed, '/');
        $network = self::address($slash === false ? $allowed : substr($allowed, 0, $slash));
        $address = self::address($own);
        if ($network === null || $address === null || strlen($network) !== strlen($address)) {
            return false;
        }
        $bits = 8 * strlen($network);
        if ($slash !== false) {
            $length = substr($allowed, $slash + 1);
            if (preg_match('/\A\d{1,3}\z/', $length) !== 1 || (int) $length > $bits) {
                return false;
            }
            $bits = (int) $length;
        }
        $bytes = intdiv($bits, 8);
        if (substr($network, 0, $bytes) !== substr($address, 0, $bytes)) {
            return false;
        }
        $rest = $bits % 8;

        return $rest === 0 || (ord($network[$bytes]) ^ ord($address[$bytes])) >> (8 - $rest) === 0;
    }

    /** The bytes of an address; one of IPv4 in IPv6's clothes is the one of IPv4. */
    private static function address(string $text): ?string
    {
        if (filter_var($text, FILTER_VALIDATE_IP) === false) {
            return null;
        }
        $raw = inet_pton($text);
        if ($raw === false) {
            return null;
        }
        $mapped = str_repeat("\0", 10) . "\xff\xff";

        return strlen($raw) === 16 && substr($raw, 0, 12) === $mapped ? substr($raw, 12) : $raw;
    }

    private static function directoryMatches(string $allowed, string $own): bool
    {
        return self::directory($allowed) === self::directory($own);
    }

    /** A path as the server keeps it. What is none, such as the id of a machine, stays as it is. */
    private static function directory(string $text): string
    {
        $text = trim($text);
        if ($text === '' || $text[0] !== '/') {
            $bare = rtrim($text, '/\\');

            return $bare === '' ? $text : $bare;
        }
        $parts = [];
        foreach (explode('/', $text) as $part) {
            if ($part === '..') {
                array_pop($parts);
            } elseif ($part !== '' && $part !== '.') {
                $parts[] = $part;
            }
        }

        return '/' . implode('/', $parts);
    }
}
