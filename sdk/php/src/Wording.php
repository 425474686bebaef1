<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * What people read. A code is the name of a paragraph of the Troubleshooting page, whether it comes from a lease, from
 * the API or from the library.
 *
 * @internal
 */
final class Wording
{
    private const TEXTS = [
        // where the license stands
        'nokey' => 'No license key has been entered yet.',
        'unverified' => 'The license could not be verified yet: the license server has not answered.',
        'lapsed' => 'The license server has not answered for too long. The license is checked again as soon as it does.',
        // why it is invalid: what a lease says
        'revoked' => 'The license was revoked.',
        'cancelled' => 'The license was cancelled.',
        'expired' => 'The license has expired.',
        'suspended' => 'The license is suspended. Often a payment is due; once it is made, the license works again by itself.',
        'banned' => 'This place may not use the license.',
        'wrong_domain' => 'The license is for another domain.',
        'wrong_ip' => 'The license is for another IP address.',
        'wrong_directory' => 'The license is for another directory.',
        'not_activated' => 'The license is not activated in this place.',
        'version_not_allowed' => 'The license does not include this version: it was released after the end of support.',
        // why a key is refused
        'license_not_found' => 'The license server knows no such key.',
        'product_mismatch' => 'The key is for another product.',
        'activation_limit_reached' => 'The license is in use in as many places as it allows. Remove one in the customer portal first.',
        'activation_refused' => 'The license may not be used in a place like this.',
        'activation_not_found' => 'The license is not activated in this place.',
        'upgrade_period_ended' => 'The license does not include this version: it was released after the end of support.',
        'license_inactive' => 'The license is suspended, revoked or cancelled.',
        'license_expired' => 'The license has expired.',
        'bad_key' => 'This is not a license key.',
        // why there is no answer
        'unreachable' => 'The license server can’t be reached.',
        'timeout' => 'The license server did not answer in time.',
        'redirect' => 'The address of the license server leads elsewhere.',
        'bad_status' => 'The license server is out of order.',
        'bad_answer' => 'What answered is not a license server.',
        'bad_lease' => 'The license server’s answer is not signed as it must be.',
        'rate_limited' => 'The license server was asked too often. Wait a while.',
        'busy' => 'Another process of this software is asking the license server.',
        'no_server' => 'This installation asks no license server.',
        // what is wrong with the installation
        'key_file' => 'The file that holds the license key can’t be read.',
        'lease_file' => 'The file that holds the lease can’t be read.',
        'state_file' => 'The file that remembers checks can’t be read.',
        'permissions' => 'A file of the license is open to others.',
        'not_writable' => 'The license can’t be saved.',
        'clock' => 'The clock of this machine is wrong.',
        'no_sodium' => 'An extension of PHP is missing that is needed to verify the license.',
        'no_hook' => 'This software offers no way to confirm an administrator.',
        'no_identifier' => 'This software does not say what it should be activated as.',
        // what the page answers
        'wrong_password' => 'Name or password are not right.',
        'too_many_attempts' => 'Too many attempts. Wait a few minutes.',
        'form_expired' => 'The form was open for too long. Please send it again.',
        'not_signed_in' => 'Please sign in first.',
        'no_request' => 'No request file was made here, so no lease file is awaited.',
        'lease_file_refused' => 'This lease file is not the answer to the request of this installation.',
    ];

    public static function of(string $code): string
    {
        return self::TEXTS[$code] ?? 'The license server says: ' . $code . '.';
    }

    /** Where the license stands, in plain words. */
    public static function status(string $state, string $code, int $daysLeft): string
    {
        switch ($state) {
            case State::VALID:
                return 'The license is valid.';
            case State::DUE:
                return 'The license is valid. A check is due.';
            case State::GRACE:
                return 'The license server does not answer. The license goes on for ' . ($daysLeft === 1 ? 'one more day.' : "$daysLeft more days.");
        }

        return self::of($code);
    }

    /** Where the help page explains it. */
    public static function help(string $page, string $code): string
    {
        return $page . '#' . $code;
    }

    /** The key with all but its end hidden: enough to tell it from another. */
    public static function mask(string $key): string
    {
        if ($key === '') {
            return '';
        }
        $shown = preg_match('/\A.{8,}(.{4})\z/us', $key, $m) === 1 ? $m[1] : '';

        return '••••••••' . $shown;
    }
}
