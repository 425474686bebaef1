<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * The license of an installation.
 *
 *  1. Public pages never need to ask anything. If they want to know what was bought, status() tells it from the local
 *     key alone: it never speaks to the server, and never fails.
 *  2. The admin area begins with admin(), or open() for those who draw their own refusal. It asks the server when that is
 *     due: once in seven days, and while the area is off, at most once a minute.
 *  3. A daily job may call check(), so that no administrator ever waits for the server.
 *  4. page() is the License Information page.
 */
final class License
{
    /** @var Config */
    private $config;
    /** @var Store */
    private $store;
    /** @var Verifier */
    private $verifier;
    /** @var Vault */
    private $vault;
    /** @var Server */
    private $server;

    /** @param Config|array<string,mixed> $config */
    public function __construct($config)
    {
        $this->config = $config instanceof Config ? $config : new Config($config);
        $this->store = $this->config->store;
        $this->verifier = new Verifier($this->config->rootKeys, $this->config->product);
        $this->vault = new Vault($this->config, $this->verifier);
        $this->server = new Server($this->config);
    }

    public function config(): Config
    {
        return $this->config;
    }

    /** Where the license stands, as far as the local key tells. Never asks the server. */
    public function status(): Status
    {
        return $this->describe($this->vault->known());
    }

    /** As status, but asks the server when that is due. */
    public function check(): Status
    {
        return $this->checkAs(false);
    }

    /** As check, for the admin area: while it is off the server is asked at most once a minute. */
    public function open(): Status
    {
        return $this->checkAs(true);
    }

    /** What the admin area shows instead of itself; null where it is on. */
    public function admin(): ?Response
    {
        $status = $this->open();

        return $status->isOn() ? null : Page::refusal($status, $this->config->pageURL, (string) ($_SERVER['HTTP_ACCEPT'] ?? ''));
    }

    /**
     * The License Information page.
     *
     * @param array<string,mixed> $options see Page
     */
    public function page(array $options = []): Page
    {
        return new Page($this, $options);
    }

    /** Asks the server now. */
    public function forceUpdate(): Result
    {
        return $this->alone(function (Known $k): Result {
            if ($k->key === '') {
                return $this->refused('nokey');
            }
            $silence = $this->ask($k);

            return $silence === '' ? $this->done() : $this->refused($silence);
        });
    }

    /** The license key, empty when there is none. Who may see it is for the caller to decide. */
    public function key(): string
    {
        return $this->vault->known()->key;
    }

    /** Enters a license key and activates it here. The key at hand is given up only when the new one was confirmed. */
    public function setKey(string $key): Result
    {
        $key = trim($key);
        if (!self::isKey($key)) {
            return $this->refused('bad_key');
        }
        $problem = $this->store->problem();
        if ($problem !== '') {
            return $this->refused('not_writable', $problem);
        }

        return $this->alone(function (Known $k) use ($key): Result {
            return $this->enter($key, $k);
        });
    }

    /** Activates the key at hand at this place: after it was moved, or its activation was removed. */
    public function activate(): Result
    {
        return $this->alone(function (Known $k): Result {
            if ($k->key === '') {
                return $this->refused('nokey');
            }

            return $this->config->identifier() === '' ? $this->refused('no_identifier') : $this->enter($k->key, $k);
        });
    }

    /** Frees the activation of this place. The admin area is off afterwards, until it is activated again. */
    public function deactivate(): Result
    {
        return $this->alone(function (Known $k): Result {
            $identifier = $this->config->identifier();
            if ($k->key === '' || $identifier === '') {
                return $this->refused($k->key === '' ? 'nokey' : 'no_identifier');
            }
            $answer = $this->server->post('deactivate', ['license_key' => $k->key, 'identifier' => $identifier]);
            if ($answer->silence !== '') {
                return $this->refused($answer->silence);
            }
            if ($answer->code !== '') {
                return $this->refused($answer->code);
            }
            $this->ask($k);

            return $this->done();
        });
    }

    /**
     * Enters a key for someone who may not be signed in: name and password go to the hook first. Attempts are limited.
     *
     * @param string $from the address of whoever asks
     */
    public function changeKey(string $name, string $password, string $key, string $from = ''): Result
    {
        $refused = $this->confirm($name, $password, $from);

        return $refused ?? $this->setKey($key);
    }

    /** The license key itself, in Result::$text, after name and password were confirmed. */
    public function reveal(string $name, string $password, string $from = ''): Result
    {
        $refused = $this->confirm($name, $password, $from);
        if ($refused !== null) {
            return $refused;
        }
        $result = $this->done();
        $result->text = $this->key();

        return $result;
    }

    /**
     * Makes the request file of an installation that can't reach the server, in Result::$text: the portal takes it and
     * gives a lease file. A key is only needed where none was entered yet.
     */
    public function requestFile(string $key = ''): Result
    {
        return $this->alone(function (Known $k) use ($key): Result {
            $key = trim($key) !== '' ? trim($key) : $k->key;
            if (!self::isKey($key)) {
                return $this->refused($key === '' ? 'nokey' : 'bad_key');
            }
            $place = $this->config->place();
            $text = json_encode(array_filter([
                'product' => $this->config->product, 'license_key' => $key, 'identifier' => $this->config->identifier(),
                'nonce' => Token::encode(random_bytes(32)), 'version' => $this->config->version,
                'domain' => $place->domain, 'ip' => $place->ip, 'directory' => $place->directory,
            ], 'strlen'), JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE) . "\n";
            $problem = $this->vault->keepRequest($text);
            if ($problem !== '') {
                return $this->refused('not_writable', $problem);
            }
            $result = $this->done();
            $result->text = $text;

            return $result;
        });
    }

    /** Takes the lease file that the portal gave for the last request file. */
    public function loadLease(string $file): Result
    {
        return $this->alone(function (Known $k) use ($file): Result {
            $request = $this->vault->request();
            if ($request === null) {
                return $this->refused('no_request');
            }
            $lease = Vault::leaseOf($file);
            try {
                $claims = $this->verifier->verify($lease, $request->nonce, '', $k->time->now, $k->record->serial);
            } catch (Refused $e) {
                return $this->refused('lease_file_refused', $e->reason);
            }
            $key = self::spelling($request->license_key, '', $claims);
            if ($key === '') {
                return $this->refused('lease_file_refused', 'license_key');
            }
            $result = $this->save($key, $k, $lease, $claims);
            if ($result->ok) {
                $this->vault->keepRequest(''); // it counts once
            }

            return $result;
        });
    }

    /**
     * The License Information page's data, for those who draw their own. Instants are seconds since 1970, UTC; null:
     * none, or not known.
     *
     * @return array<string,mixed>
     */
    public function info(): array
    {
        return Info::of($this->status());
    }

    // ---- asking

    private function checkAs(bool $adminOpened): Status
    {
        $k = $this->vault->known();
        if (!$k->isDue($adminOpened)) {
            $mayBeAsking = $adminOpened && $k->key !== '' && !State::isOn($k->state);
            if ($mayBeAsking && $this->store->lock($this->config->timeout + 1)) {
                $this->store->unlock(); // another process was; now its answer is here
                $k = $this->vault->known();
            }

            return $this->describe($k);
        }
        // Whoever is let in does not wait for another process that asks already; whoever is not, does.
        if (!$this->store->lock(State::isOn($k->state) ? 0 : $this->config->timeout + 1)) {
            // Where nothing can be remembered, every page would ask: only what is off does.
            if (!State::isOn($k->state) && $this->store->problem() !== '') {
                $this->ask($k);
            }

            return $this->status();
        }
        try {
            $k = $this->vault->known();
            if ($k->isDue($adminOpened)) {
                $this->ask($k);
            }
        } finally {
            $this->store->unlock();
        }

        return $this->status();
    }

    /** Does something while no other process asks. */
    private function alone(callable $do): Result
    {
        if (!$this->store->lock($this->config->timeout + 1)) {
            $problem = $this->store->problem();

            return $problem === '' ? $this->refused('busy') : $this->refused('not_writable', $problem);
        }
        try {
            return $do($this->vault->known());
        } finally {
            $this->store->unlock();
        }
    }

    /** Asks about the key at hand and keeps the answer. Returns why there was none. */
    private function ask(Known $k): string
    {
        $k->record->begin($k->own);
        $this->vault->keepRecord($k);
        $heard = $this->talk('validate', $k->key, $k);
        if ($heard->claims === null) {
            $k->record->silence($this->config->now(), $heard->code);
            $this->vault->keepRecord($k);

            return $heard->code;
        }
        $this->vault->keepLease($k, $heard->lease, $heard->claims);
        if ($heard->key !== $k->key) {
            $this->vault->keepKey($heard->key); // the same in another spelling
        }

        return '';
    }

    private function talk(string $call, string $key, Known $k): Heard
    {
        $place = $this->config->place();
        $nonce = Token::encode(random_bytes(32));
        $answer = $this->server->post($call, [
            'license_key' => $key, 'identifier' => $this->config->identifier(), 'product_id' => $this->config->product,
            'version' => $this->config->version, 'released_at' => $this->config->releasedAt(), 'nonce' => $nonce,
            'domain' => $place->domain, 'ip' => $place->ip, 'directory' => $place->directory,
        ]);
        if ($answer->lease === '') {
            return Heard::nothing($answer->silence ?: ($answer->code ?: 'bad_answer'));
        }
        try {
            $claims = $this->verifier->verify($answer->lease, $nonce, '', $k->time->now, $k->record->serial);
        } catch (Refused $e) {
            return Heard::nothing('bad_lease');
        }
        $issued = self::spelling($key, $answer->key, $claims);

        return $issued === '' ? Heard::nothing('bad_lease') : Heard::lease($answer->lease, $claims, $issued, $answer->code);
    }

    /** Finds the form in which a key was issued: some products ignore its case. Empty: the lease is for another key. */
    private static function spelling(string $key, string $said, Claims $claims): string
    {
        $forms = [$key, strtoupper($key), strtolower($key)];
        if (strcasecmp($said, $key) === 0) {
            $forms[] = $said;
        }
        foreach ($forms as $form) {
            if (hash_equals(hash('sha256', $form), $claims->keyHash)) {
                return $form;
            }
        }

        return '';
    }

    private static function isKey(string $key): bool
    {
        return $key !== '' && preg_match('/\A\P{Cc}{1,255}\z/u', $key) === 1;
    }

    private function enter(string $key, Known $k): Result
    {
        $heard = $this->talk('validate', $key, $k);
        $idle = $heard->claims !== null && $heard->claims->status === 'not_activated';
        if ($idle && $this->config->identifier() !== '') {
            $before = $heard;
            $heard = $this->talk('activate', $key, $k);
            if ($heard->claims === null) {
                $this->save($before->key, $k, $before->lease, $before->claims); // that it is not activated is certain
            }
        }

        // Without a lease it is unsigned: nothing is changed for that, but whoever made the entry reads it.
        return $heard->claims === null ? $this->refused($heard->code) : $this->save($heard->key, $k, $heard->lease, $heard->claims, $heard->code);
    }

    /**
     * Makes a key with a definite answer the one of this installation, if the answer is yes. What is said of the key at
     * hand is kept in any case: no is an answer as definite as yes.
     */
    private function save(string $key, Known $k, string $lease, Claims $claims, string $code = ''): Result
    {
        $standing = Standing::of($claims, $claims->issuedAt, false, $this->config->identifier(), $this->config->place());
        $refused = $standing->state === State::INVALID;
        if (!$refused || $key === $k->key) {
            // The lease first: should this end halfway, the old key still finds its lease in reserve.
            $this->vault->keepLease($k, $lease, $claims);
            if ($key !== $k->key) {
                $this->vault->keepKey($key);
            }
        }
        if ($refused) {
            return $this->refused($code !== '' ? $code : $standing->reason);
        }

        return $this->vault->failure() === '' ? $this->done() : $this->refused('not_writable', $this->vault->failure());
    }

    // ---- telling

    private function describe(Known $k): Status
    {
        $s = new Status();
        $s->state = $k->state;
        $s->reason = $k->reason;
        if ($k->state === State::UNVERIFIED) {
            $s->reason = $k->record->error; // what became of the last try is all that is known
        }
        $s->code = self::codeOf($k, $s->reason);
        $s->message = Wording::status($k->state, $s->code, $k->daysLeft);
        if ($s->code !== '') {
            $s->help = Wording::help($this->config->helpURL, $s->code);
        }
        $s->key = Wording::mask($k->key);
        $s->claims = $k->claims;
        $s->time = $k->time->now;
        $s->daysLeft = $k->daysLeft;
        $s->lastError = $k->record->error;
        $s->problems = $k->problems;
        if ($k->claims !== null) {
            $s->lastCheck = $k->claims->issuedAt;
            $s->nextCheck = $k->claims->checkAt;
        }
        if ($k->claims === null || $k->time->now >= $k->claims->checkAt || !State::isOn($k->state)) {
            $off = $k->state === State::LAPSED || $k->state === State::INVALID;
            $next = $off && $k->record->attempt !== 0 ? $k->record->attempt + 3600 : $k->record->next;
            $s->nextCheck = $next === 0 ? null : $next;
        }

        return $s;
    }

    /** The paragraph of the Troubleshooting page that helps with what is known; empty while all is well. */
    private static function codeOf(Known $k, string $reason): string
    {
        if ($reason !== '' || $k->state === State::VALID || $k->state === State::DUE) {
            return $reason;
        }

        return $k->state === State::GRACE && $k->record->error !== '' ? $k->record->error : strtolower($k->state);
    }

    private function done(): Result
    {
        return new Result(true, $this->status());
    }

    private function refused(string $code, string $detail = ''): Result
    {
        $r = new Result(false, $this->status());
        $r->code = $code;
        $r->message = Wording::of($code) . ($detail === '' ? '' : ' (' . $detail . ')');
        $r->help = Wording::help($this->config->helpURL, $code);

        return $r;
    }

    /** Asks the software whether someone is its administrator. Null: yes. */
    private function confirm(string $name, string $password, string $from): ?Result
    {
        if ($this->config->confirm === null) {
            return $this->refused('no_hook');
        }
        $attempts = new Attempts($this->store);
        $problem = $attempts->count($from, $this->config->now(), $this->config->timeout + 1);
        if ($problem !== '') {
            $known = $problem === Attempts::TOO_MANY || $problem === Attempts::BUSY;

            return $known ? $this->refused($problem) : $this->refused('not_writable', $problem);
        }
        if ($name === '' || $password === '' || ($this->config->confirm)($name, $password) !== true) {
            return $this->refused('wrong_password');
        }
        $attempts->forgive($from, $this->config->timeout + 1);

        return null;
    }
}
