<?php

// What the clients are tried with: an answer that tells how they asked. Run by php -S.

$fields = $_POST;
$raw = file_get_contents('php://input'); // empty for multipart
if (($fields['licensekey'] ?? '') === 'slow') {
    sleep(1);
}
if (($fields['licensekey'] ?? '') === 'down') {
    http_response_code(503);
    return true;
}
header('Content-Type: text/html');
$tags = ['status' => 'Active', 'registeredname' => 'Ann & <Co>', 'protocol' => $_SERVER['SERVER_PROTOCOL'], 'form' => strtok($_SERVER['CONTENT_TYPE'], ';'),
    'end' => substr($raw, -1), 'fields' => implode(',', array_keys($fields)), 'domain' => $fields['domain'] ?? '', 'dir' => $fields['dir'] ?? '', 'extra' => $fields['extra'] ?? '', ];
if (($fields['licensekey'] ?? '') !== 'bare' && isset($fields['check_token'])) {
    $tags['md5hash'] = md5('secret' . $fields['check_token']);
}
foreach ($tags as $name => $value) {
    if ($value !== '') {
        echo "<$name>", htmlspecialchars($value, ENT_QUOTES | ENT_XML1), "</$name>";
    }
}
return true;
