<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * The License Information page: plain HTML without scripts that fits into any admin area. handle() answers one request.
 *
 *     $page = $license->page(['signedIn' => $nameOfAdministratorOrEmpty]);
 *     $page->handle($_SERVER['REQUEST_METHOD'], $_POST, $_SERVER['REMOTE_ADDR'])->send();
 *
 * Whoever is not signed in sees why the admin area is off and the form that enters a new key, nothing else. That form,
 * and revealing the key, ask for name and password; Config::$confirm judges them.
 *
 * Options: signedIn (the name of the administrator of this session; empty: nobody), embed (true: a fragment for a frame
 * of the software's own; default: a whole document), secret (a text that only this session knows; default: the id of
 * PHP's session, or a cookie of our own), styleNonce (for a Content-Security-Policy).
 */
final class Page
{
    private const COOKIE = 'keystead_form';

    /** What holds of a page in any frame, and of one that is a whole document. */
    private const HEADERS = [
        'Content-Type' => 'text/html; charset=utf-8', 'Cache-Control' => 'no-store', 'X-Content-Type-Options' => 'nosniff', 'Referrer-Policy' => 'same-origin',
    ];
    private const DOCUMENT = self::HEADERS + [
        'Content-Security-Policy' => "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    ];

    /** @var License */
    private $license;
    /** @var array<string,mixed> */
    private $options;
    /** @var array<string,string> */
    private $headers;

    /** @param array<string,mixed> $options */
    public function __construct(License $license, array $options = [])
    {
        $known = ['signedIn' => '', 'embed' => false, 'secret' => '', 'styleNonce' => ''];
        foreach (array_diff_key($options, $known) as $name => $_) {
            throw new \InvalidArgumentException("$name: there is no such option");
        }
        $this->license = $license;
        $this->options = $options + $known;
        $this->headers = $this->options['embed'] ? self::HEADERS : self::DOCUMENT;
    }

    /**
     * Answers a request.
     *
     * @param array<string,mixed> $post the fields that were sent
     * @param string              $from the address of the visitor
     */
    public function handle(string $method, array $post, string $from = ''): Response
    {
        $secret = $this->secret();
        if (strtoupper($method) !== 'POST' || !isset($post['keystead_action'])) {
            return $this->render(200, $secret);
        }
        $sent = self::field($post, 'keystead_token');
        if (!hash_equals(self::token($secret), $sent)) {
            return $this->render(403, $secret, $this->problem('form_expired'));
        }
        $action = self::field($post, 'keystead_action');
        if ($action === 'change') {
            return $this->change($post, $from, $secret);
        }
        if ($this->name() === '') {
            return $this->render(403, $secret, $this->problem('not_signed_in'));
        }
        switch ($action) {
            case 'check':
                return $this->answer($this->license->forceUpdate(), 'The license was checked.', $secret);
            case 'activate':
                return $this->answer($this->license->activate(), 'The license is activated here.', $secret);
            case 'load':
                return $this->answer($this->license->loadLease(self::field($post, 'keystead_lease')), 'License saved.', $secret);
            case 'reveal':
                $result = $this->license->reveal($this->name(), self::field($post, 'keystead_password'), $from, true);

                return $this->answer($result, '', $secret, $result->text);
            case 'request':
                return $this->request($post, $from, $secret);
        }

        return $this->render(400, $secret);
    }

    /** What the admin area shows while it is off. */
    public static function refusal(Status $status, string $page, string $accept = ''): Response
    {
        if (strpos($accept, 'application/json') !== false && strpos($accept, 'text/html') === false) {
            $error = ['code' => 'LICENSE_' . strtoupper($status->state), 'reason' => $status->code, 'message' => $status->message, 'license_page' => $page];

            return new Response(403, ['Content-Type' => 'application/json', 'Cache-Control' => 'no-store'], (string) json_encode(['error' => $error]));
        }
        $body = self::open($status) . '<h1>The admin area is off</h1>' . self::reason($status)
            . '<p>Your public pages go on as ever.</p><p><a class="button" href="' . self::text($page) . '#keystead-change">Enter a new license key</a></p></div>';

        return new Response(403, self::DOCUMENT, self::document($body, ''));
    }

    // ---- answers

    /** @param array<string,mixed> $post */
    private function change(array $post, string $from, string $secret): Response
    {
        $name = self::field($post, 'keystead_name');
        $result = $this->license->changeKey(
            $this->name() === '' || $this->name() === $name ? $name : '', // it has to be the administrator's own
            self::field($post, 'keystead_password'),
            self::field($post, 'keystead_key'),
            $from,
            $this->name() !== '' && $this->name() === $name
        );
        if ($result->ok) {
            // Name and password were confirmed with this very request: the refreshed information may be shown.
            return new Response(200, $this->headers, $this->frame($result->status, self::note('good', 'License saved.') . $this->information($result->status, $secret, '')));
        }

        return $this->answer($result, '', $secret);
    }

    private function answer(Result $result, string $done, string $secret, string $revealed = ''): Response
    {
        if ($result->ok) {
            return $this->render(200, $secret, $done === '' ? '' : self::note('good', $done), $revealed);
        }
        $note = self::note('bad', $result->message, $result->help);

        return $this->render($result->code === 'too_many_attempts' ? 429 : 422, $secret, $note);
    }

    /** @param array<string,mixed> $post */
    private function request(array $post, string $from, string $secret): Response
    {
        $confirmed = $this->license->reveal($this->name(), self::field($post, 'keystead_password'), $from, true); // the file holds the key
        $result = $confirmed->ok ? $this->license->requestFile(self::field($post, 'keystead_key')) : $confirmed;
        if (!$result->ok) {
            return $this->answer($result, '', $secret);
        }
        $headers = ['Content-Type' => 'application/json', 'Content-Disposition' => 'attachment; filename="license-request.json"', 'Cache-Control' => 'no-store'];

        return new Response(200, $headers, $result->text);
    }

    private function render(int $code, string $secret, string $note = '', string $revealed = ''): Response
    {
        $status = $this->name() === '' ? $this->license->status() : $this->license->open();
        $body = $this->name() === ''
            ? '<h1>License</h1>' . $note . self::reason($status) . $this->changeForm($secret)
            : $note . $this->information($status, $secret, $revealed);

        return new Response($code, $this->headers, $this->frame($status, $body));
    }

    // ---- parts of the page

    private function information(Status $status, string $secret, string $revealed): string
    {
        $i = Info::of($status);
        $help = '';
        foreach ($i['problems'] as $problem) {
            $help .= $this->problem($problem['code'], $problem['detail']);
        }
        $rows = [
            'Status' => self::badge($status),
            'License key' => '<code>' . self::text($revealed !== '' ? $revealed : ($i['key'] !== '' ? $i['key'] : 'none')) . '</code>',
            'Registered to' => self::text(implode(', ', array_filter([$i['customer'], $i['company']]))),
            'Type' => self::text(ucfirst($i['type'])),
            'Plan' => self::text($i['plan']),
            'Activated as' => self::text($i['identifier']),
            'Valid domains' => self::items($i['domains']),
            'Valid IP addresses' => self::items($i['ips']),
            'Valid directories' => self::items($i['directories']),
            'Activations' => $status->claims === null ? '' : $i['activations_used'] . ' of ' . ($i['activation_limit'] ?: 'unlimited'),
            'Add-ons' => self::items(array_map(static function (array $a): string {
                return $a['name'] . ($a['due'] === '' ? '' : ', next due ' . $a['due']) . ($a['status'] === '' ? '' : ' (' . $a['status'] . ')');
            }, $i['addons'])),
            'Entitlements' => self::items(array_map(static function ($name, $value): string {
                return $value === true ? (string) $name : $name . ': ' . (is_scalar($value) ? var_export($value, true) : (string) json_encode($value));
            }, array_keys($i['entitlements']), $i['entitlements'])),
            'Expires' => $status->claims === null ? '' : self::instant($i['expires_at'], 'never'),
            'Updates until' => self::instant($i['updates_until'], ''),
            'Last check' => self::instant($i['last_check'], 'never'),
            'Last try' => $i['last_error'] === '' ? '' : self::text(Wording::of($i['last_error'])),
            'Next check' => self::instant($i['next_check'], ''),
            'Runs without the server until' => self::instant($i['runs_until'], ''),
        ];
        $list = '';
        foreach ($rows as $name => $value) {
            if ($value !== '') {
                $list .= "<div><dt>$name</dt><dd>$value</dd></div>";
            }
        }

        return '<h1>License information</h1>' . $help . self::reason($status) . "<dl>$list</dl>" . $this->buttons($i, $secret)
            . $this->changeForm($secret) . $this->offline($secret, $i['key'] !== '');
    }

    /** @param array<string,mixed> $i */
    private function buttons(array $i, string $secret): string
    {
        if ($i['key'] === '') {
            return '';
        }
        $buttons = $this->form('check', $secret, '<button>Force license update</button>');
        if ($i['code'] === 'not_activated') {
            $buttons .= $this->form('activate', $secret, '<button>Activate here</button>');
        }
        $reveal = $this->form('reveal', $secret, self::input('Your password', 'password', 'password', 'current-password') . '<button>Reveal</button>');

        return "<div class=\"row\">$buttons</div><details><summary>Reveal license key</summary>$reveal</details>";
    }

    private function changeForm(string $secret): string
    {
        $fields = self::input('Your name', 'name', 'text', 'username', $this->name()) . self::input('Your password', 'password', 'password', 'current-password')
            . self::input('New license key', 'key', 'text', 'off') . '<button>Save</button>';

        return '<section id="keystead-change"><h2>Change license key</h2>' . $this->form('change', $secret, $fields) . '</section>';
    }

    private function offline(string $secret, bool $hasKey): string
    {
        $request = ($hasKey ? '' : self::input('License key', 'key', 'text', 'off'))
            . self::input('Your password', 'password', 'password', 'current-password') . '<button>Download request file</button>';
        $lease = '<label>Content of the lease file<textarea name="keystead_lease" rows="4" required spellcheck="false"></textarea></label><button>Save lease file</button>';

        return '<details><summary>This machine can’t reach the license server</summary><p>Download a request file, give it to the customer portal'
            . ' on any computer, and put the lease file that you get there in here.</p>' . $this->form('request', $secret, $request)
            . $this->form('load', $secret, $lease) . '</details>';
    }

    private function form(string $action, string $secret, string $fields): string
    {
        return '<form method="post" action="' . self::text($this->license->config()->pageURL) . '"><input type="hidden" name="keystead_action" value="' . $action
            . '"><input type="hidden" name="keystead_token" value="' . self::token($secret) . '">' . $fields . '</form>';
    }

    private static function input(string $label, string $name, string $type, string $complete, string $value = ''): string
    {
        return "<label>$label<input name=\"keystead_$name\" type=\"$type\" autocomplete=\"$complete\" value=\"" . self::text($value)
            . '" required maxlength="255" spellcheck="false" autocapitalize="off"></label>';
    }

    private static function reason(Status $s): string
    {
        if ($s->state === State::VALID) {
            return '';
        }

        return self::note($s->isOn() ? 'warn' : 'bad', $s->message, $s->help);
    }

    private static function badge(Status $s): string
    {
        $text = [State::VALID => 'Active', State::DUE => 'Active, a check is due', State::GRACE => 'Active, running on grace', State::NO_KEY => 'No license key'];
        $text += [State::LAPSED => 'Not checked for too long', State::UNVERIFIED => 'Not verified yet'];
        $words = ['expired' => 'Expired', 'suspended' => 'Suspended', 'revoked' => 'Revoked', 'cancelled' => 'Cancelled', 'not_activated' => 'Not activated here'];
        $shown = $text[$s->state] ?? $words[$s->code] ?? 'Not valid here';

        return '<span class="badge ' . ($s->isOn() ? ($s->state === State::GRACE ? 'warn' : 'good') : 'bad') . '">' . $shown . '</span>';
    }

    private static function note(string $kind, string $text, string $help = ''): string
    {
        $link = $help === '' ? '' : ' <a href="' . self::text($help) . '" rel="noreferrer">What to do</a>';

        return '<p class="note ' . $kind . '" role="' . ($kind === 'bad' ? 'alert' : 'status') . '">' . self::text($text) . $link . '</p>';
    }

    private function problem(string $code, string $detail = ''): string
    {
        $text = Wording::of($code) . ($detail === '' ? '' : " ($detail)");

        return self::note('bad', $text, Wording::help($this->license->config()->helpURL, $code));
    }

    /** @param list<string> $texts */
    private static function items(array $texts): string
    {
        return implode('<br>', array_map([self::class, 'text'], $texts));
    }

    private static function instant(?int $at, string $none): string
    {
        if ($at === null) {
            return $none;
        }

        return '<time datetime="' . gmdate('Y-m-d\TH:i:s\Z', $at) . '">' . gmdate('Y-m-d H:i', $at) . ' UTC</time>';
    }

    private static function text(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
    }

    // ---- the frame

    private function frame(Status $status, string $body): string
    {
        $body = self::open($status) . $body . '</div>';

        return $this->options['embed'] ? self::style($this->options['styleNonce']) . $body : self::document($body, $this->options['styleNonce']);
    }

    private static function open(Status $s): string
    {
        return '<div class="keystead-license" data-license-state="' . $s->state . '" data-license-reason="' . self::text($s->reason) . '">';
    }

    private static function document(string $body, string $nonce): string
    {
        return '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            . '<meta name="robots" content="noindex"><title>License</title>' . self::style($nonce)
            . '<style' . self::nonce($nonce) . '>:root{color-scheme:light dark}body{margin:0;padding:1.25rem;font:1rem/1.5 system-ui,sans-serif}</style></head><body>'
            . $body . '</body></html>';
    }

    private static function nonce(string $nonce): string
    {
        return $nonce === '' ? '' : ' nonce="' . self::text($nonce) . '"';
    }

    /** Everything is below one class, so that nothing of the software's own is touched; colours follow its text and its color-scheme. */
    private static function style(string $nonce): string
    {
        return '<style' . self::nonce($nonce) . '>' . <<<'CSS'
.keystead-license{--line:color-mix(in srgb,currentColor 22%,transparent);max-width:44rem;margin:0 auto;overflow-wrap:anywhere}
.keystead-license *{box-sizing:border-box}
.keystead-license h1{font-size:1.5rem;margin:0 0 1rem}
.keystead-license h2{font-size:1.125rem;margin:2rem 0 .5rem}
.keystead-license dl{margin:1rem 0;border-top:1px solid var(--line)}
.keystead-license dl>div{display:grid;grid-template-columns:14rem 1fr;gap:1rem;padding:.5rem 0;border-bottom:1px solid var(--line)}
.keystead-license dt{opacity:.75}
.keystead-license dd{margin:0}
.keystead-license .row{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}
.keystead-license details{margin:1rem 0}
.keystead-license summary{cursor:pointer;padding:.25rem 0}
.keystead-license label{display:block;margin:.75rem 0}
.keystead-license input:not([type=hidden]),.keystead-license textarea{display:block;width:100%;max-width:26rem;margin-top:.25rem;padding:.5rem .625rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.375rem}
.keystead-license button,.keystead-license .button{display:inline-block;padding:.5rem 1rem;font:inherit;color:inherit;background:color-mix(in srgb,currentColor 9%,transparent);border:1px solid var(--line);border-radius:.375rem;cursor:pointer;text-decoration:none}
.keystead-license :focus-visible{outline:2px solid currentColor;outline-offset:2px}
.keystead-license .note{padding:.625rem .875rem;border:1px solid;border-left-width:4px;border-radius:.375rem}
.keystead-license .good{color:#0a7a3d;color:light-dark(#0a7a3d,#5fd08c)}
.keystead-license .warn{color:#8a5a00;color:light-dark(#8a5a00,#f0b849)}
.keystead-license .bad{color:#b3261e;color:light-dark(#b3261e,#ff8a80)}
.keystead-license .note a{color:inherit}
.keystead-license .badge{font-weight:600}
@media (max-width:36rem){.keystead-license dl>div{grid-template-columns:1fr;gap:0}.keystead-license input:not([type=hidden]),.keystead-license textarea{max-width:none}.keystead-license button,.keystead-license .button{width:100%;text-align:center}.keystead-license .row form{width:100%}}
CSS
            . '</style>';
    }

    // ---- who is it

    private function name(): string
    {
        return (string) $this->options['signedIn'];
    }

    /** What ties a form to the browser that it was given to. */
    private function secret(): string
    {
        if ($this->options['secret'] !== '') {
            return (string) $this->options['secret'];
        }
        if (session_status() === PHP_SESSION_ACTIVE) {
            return (string) session_id();
        }
        $cookie = $_COOKIE[self::COOKIE] ?? '';
        if (is_string($cookie) && preg_match('/\A[A-Za-z0-9_-]{43}\z/', $cookie) === 1) {
            return $cookie;
        }
        $fresh = Token::encode(random_bytes(32));
        $secure = ($_SERVER['HTTPS'] ?? 'off') !== 'off' ? '; Secure' : '';
        $this->headers['Set-Cookie'] = self::COOKIE . "=$fresh; Path=/; HttpOnly; SameSite=Strict$secure";

        return $fresh;
    }

    private static function token(string $secret): string
    {
        return hash_hmac('sha256', 'keystead license page', $secret);
    }

    /** @param array<string,mixed> $post */
    private static function field(array $post, string $name): string
    {
        return is_string($post[$name] ?? null) ? $post[$name] : '';
    }
}
