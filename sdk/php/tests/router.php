<?php

// A license server for the tests, run by php -S. What it does stands in the file that KEYSTEAD_FAKE names; what it was
// asked goes to the file beside it, a line for each request.

declare(strict_types=1);

require __DIR__ . '/minting.php';

use Keystead\Licensed\Tests\Minting;

error_reporting(E_ALL);
$path = (string) getenv('KEYSTEAD_FAKE');
$fake = json_decode((string) file_get_contents($path), true);
$asked = json_decode((string) file_get_contents('php://input'), true) ?: [];
$call = basename((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
file_put_contents($path . '.asked', json_encode(['call' => $call] + $asked) . "\n", FILE_APPEND | LOCK_EX);

function answer(int $status, string $body, string $type = 'application/json'): void
{
    http_response_code($status);
    header('Content-Type: ' . $type);
    echo $body;
}

usleep((int) ($fake['delay'] * 1e6));
switch ($fake['mode']) {
    case '500':
        answer(500, '{"error":{"code":"INTERNAL_ERROR","message":"oh"}}');
        return true;
    case '503':
        answer(503, '');
        return true;
    case '429':
        answer(429, '{"error":{"code":"RATE_LIMITED","message":"slowly"}}');
        return true;
    case 'garbage':
        answer(200, random_bytes(300));
        return true;
    case 'page':
        answer(200, '<!doctype html><title>Log in to the hotel’s network</title>', 'text/html');
        return true;
    case 'redirect':
        header('Location: http://127.0.0.1:' . $_SERVER['SERVER_PORT'] . '/elsewhere/' . $call);
        http_response_code(307);
        return true;
    case 'huge':
        answer(200, '{"data":{"lease":"' . str_repeat('A', 100000) . '"}}');
        return true;
    case 'bare':
        answer(200, '{"data":{"valid":false,"status":"revoked","reason":"revoked"}}');
        return true;
    case 'no activation':
        if ($call === 'activate') {
            answer(503, '');
            return true;
        }
        break;
    case 'forgot':
        answer(403, '{"error":{"code":"LICENSE_NOT_FOUND","message":"No such license."}}');
        return true;
}

$license = null;
foreach ($fake['licenses'] as $one) {
    if (strcasecmp($one['key'], $asked['license_key'] ?? '') === 0 && ($fake['ignore_case'] || $one['key'] === $asked['license_key'])) {
        $license = $one;
    }
}
if ($license === null) {
    answer(403, '{"error":{"code":"LICENSE_NOT_FOUND","message":"No such license."}}');
    return true;
}
if (($asked['product_id'] ?? 'widget') !== ($license['product'] ?? 'widget')) {
    answer(403, '{"error":{"code":"PRODUCT_MISMATCH","message":"Another product."}}');
    return true;
}
$error = null;
$active = in_array($asked['identifier'] ?? '', $license['active'] ?? [], true);
if ($call === 'activate' && !$active) {
    if (count($license['active'] ?? []) >= ($license['limit'] ?? 5)) {
        $error = ['code' => 'ACTIVATION_LIMIT_REACHED', 'message' => 'Full.'];
    } else {
        foreach ($fake['licenses'] as $i => $one) {
            if ($one['key'] === $license['key']) {
                $fake['licenses'][$i]['active'][] = $asked['identifier'];
            }
        }
        file_put_contents($path, json_encode($fake), LOCK_EX);
        $active = true;
    }
}
if ($call === 'deactivate') {
    foreach ($fake['licenses'] as $i => $one) {
        if ($one['key'] === $license['key']) {
            $fake['licenses'][$i]['active'] = array_values(array_diff($one['active'] ?? [], [$asked['identifier']]));
        }
    }
    file_put_contents($path, json_encode($fake), LOCK_EX);
    answer(200, '{"data":{"status":"deactivated"}}');
    return true;
}
$status = $license['status'] ?? 'active';
if ($status === 'active' && ($asked['identifier'] ?? '') !== '' && !$active) {
    $status = 'not_activated';
}
$minting = new Minting($fake['seed'], $fake['serial']);
$claims = ['sta' => $status, 'nce' => $asked['nonce'] ?? ''] + ($license['claims'] ?? []);
if (($asked['identifier'] ?? '') !== '') {
    $claims['idt'] = $asked['identifier'];
}
if ($fake['mode'] === 'other nonce') {
    $claims['nce'] = 'n-another';
}
$lease = $minting->lease($license['key'], $fake['now'], $claims, $fake['interval'], $fake['grace']);
if ($fake['mode'] === 'wrong signature') {
    $lease = substr($lease, 0, -8) . strrev(substr($lease, -8, 7)) . substr($lease, -1);
}
if ($fake['mode'] === 'foreign root') {
    $lease = (new Minting('another', 9))->lease($license['key'], $fake['now'], $claims, $fake['interval'], $fake['grace']);
}
if ($error !== null) {
    answer(403, (string) json_encode(['error' => $error + ['lease' => $lease]]));
    return true;
}
answer(200, (string) json_encode(['data' => ['valid' => true, 'status' => $status, 'license_key' => $license['key'], 'lease' => $lease]]));
return true;
