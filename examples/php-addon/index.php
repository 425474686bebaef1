<?php

// A small add-on: pages for the public, an admin area, and the License Information page. See README.md.

declare(strict_types=1);

require __DIR__ . '/setup.php';

$data = setting('LICENSED_DEMO_DATA', 'data');
if (!is_dir($data)) {
    mkdir($data, 0700, true);
}
session_save_path($data);
session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Strict', 'use_strict_mode' => true]);

/** The add-on's own frame around a page. */
function frame(string $title, string $body): void
{
    $title = htmlspecialchars($title);
    $out = signedIn() === '' ? '' : ' <a href="/admin">Admin</a> <a href="/admin/license">License</a> <a href="/logout">Sign out</a>';
    echo <<<HTML
<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>$title</title>
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:48rem}nav a{margin-right:1rem}</style></head>
<body><nav><a href="/">Start</a>$out</nav><main>$body</main></body></html>
HTML;
}

/** The administrator's name; empty: nobody is signed in. */
function signedIn(): string
{
    return (string) ($_SESSION['administrator'] ?? '');
}

function post(string $name): string
{
    return is_string($_POST[$name] ?? null) ? $_POST[$name] : '';
}

function signIn(): void
{
    $problem = '';
    if ($_SERVER['REQUEST_METHOD'] === 'POST') {
        if (isAdministrator(post('name'), post('password'))) {
            session_regenerate_id(true);
            $_SESSION['administrator'] = post('name');
            header('Location: /admin', true, 303);

            return;
        }
        http_response_code(403);
        $problem = '<p role="alert">Name or password are not right.</p>';
    }
    frame('Sign in', $problem . '<h1>Sign in</h1><form method="post" action="/login"><p><label>Name <input name="name" autocomplete="username"></label></p>'
        . '<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p><p><button>Sign in</button></p></form>');
}

function adminArea(): void
{
    if (signedIn() === '') {
        header('Location: /login', true, 303);

        return;
    }
    $refusal = license()->admin();
    if ($refusal !== null) {
        $refusal->send();

        return;
    }
    frame('Admin area', '<h1>Admin area</h1><p>All that an administrator does.</p>');
}

switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case '/':
        // Never gated. What was bought may be looked at; the server is never asked here.
        $feature = license()->status()->entitlement('feature.sso') === true ? '<p>Single sign-on is part of this license.</p>' : '';
        frame('Shop', '<h1>Welcome to our shop</h1>' . $feature);
        break;
    case '/admin':
    case '/admin/':
        adminArea();
        break;
    case '/login':
        signIn();
        break;
    case '/logout':
        session_destroy();
        header('Location: /', true, 303);
        break;
    case '/admin/license':
        // Outside of the gate and of the sign-in, so that a key can be entered whatever happened.
        $response = license()->page(['signedIn' => signedIn(), 'embed' => true])->handle($_SERVER['REQUEST_METHOD'], $_POST, $_SERVER['REMOTE_ADDR']);
        $response->sendHead();
        if (strpos($response->headers['Content-Type'], 'text/html') === 0) {
            frame('License', $response->body);
        } else {
            echo $response->body;
        }
        break;
    case '/admin/license.json':
        http_response_code(signedIn() === '' ? 403 : 200);
        header('Content-Type: application/json');
        echo signedIn() === '' ? '{}' : json_encode(license()->info(), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        break;
    default:
        http_response_code(404);
        frame('Not found', '<h1>Not found</h1>');
}
