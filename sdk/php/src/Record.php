<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/**
 * What is remembered of the talks with the server: the file license.json.state. All times are readings of the own clock,
 * but for seen, which is the server's word.
 *
 * @internal
 */
final class Record
{
    private const FIRST_WAIT = 60;
    private const LONGEST_WAIT = 21600;
    private const LARGEST = 1 << 40;

    /** @var int|null when the last lease that answered us was made */
    public $seen;
    /** @var int|null what the own clock said then */
    public $reading;
    /** @var int highest serial of a signing key in a lease that answered us */
    public $serial = 0;
    /** @var int when the server was asked last; 0: never */
    public $attempt = 0;
    /** @var int not again before then; 0: whenever a check is due */
    public $next = 0;
    /** @var int how often in a row nothing was answered */
    public $failures = 0;
    /** @var string why the last attempt had no answer; empty: it had one */
    public $error = '';

    /** Reads a record; null where the text is none, or holds numbers that nobody wrote. */
    public static function read(string $json): ?self
    {
        $o = json_decode($json, false, 4);
        if (!$o instanceof \stdClass) {
            return null;
        }
        $r = new self();
        $r->seen = $o->seen ?? null;
        $r->reading = $o->reading ?? null;
        foreach (['serial', 'attempt', 'next', 'failures'] as $name) {
            $r->$name = $o->$name ?? 0;
        }
        $r->error = $o->error ?? '';

        return $r->isSane() ? $r : null;
    }

    private function isSane(): bool
    {
        foreach ([$this->seen ?? 0, $this->reading ?? 0, $this->serial, $this->attempt, $this->next, $this->failures] as $n) {
            if (!is_int($n) || $n < 0 || $n > self::LARGEST) {
                return false;
            }
        }

        return is_string($this->error) && ($this->seen === null) === ($this->reading === null);
    }

    public function text(): string
    {
        return json_encode([
            'seen' => $this->seen, 'reading' => $this->reading, 'serial' => $this->serial, 'attempt' => $this->attempt,
            'next' => $this->next, 'failures' => $this->failures, 'error' => $this->error,
        ], JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE) . "\n";
    }

    /** An attempt begins: should the process die over it, the next one waits a little. */
    public function begin(int $own): void
    {
        $this->attempt = $own;
        $this->next = $own + self::FIRST_WAIT;
    }

    /** Nothing was answered: the next attempt waits twice as long as this one did. */
    public function silence(int $own, string $why): void
    {
        $this->failures++;
        $wait = min(self::FIRST_WAIT * 2 ** min($this->failures - 1, 20), self::LONGEST_WAIT);
        $this->attempt = $own;
        $this->next = $own + min(intdiv($wait * random_int(80, 120), 100), self::LONGEST_WAIT);
        $this->error = $why;
    }

    /** A lease answered us. */
    public function answered(int $own, Claims $c): void
    {
        $this->seen = $c->issuedAt;
        $this->reading = $own;
        $this->serial = max($this->serial, $c->serial);
        $this->attempt = $own;
        $this->next = 0;
        $this->failures = 0;
        $this->error = '';
    }
}
