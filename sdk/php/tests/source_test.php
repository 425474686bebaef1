<?php

// The library promises PHP 7.4; what came later would only be noticed by those who have it.

declare(strict_types=1);

namespace Keystead\Licensed\Tests;

$later = [
    'str_contains', 'str_starts_with', 'str_ends_with', 'array_is_list', 'get_debug_type', 'fdiv', 'get_resource_id', 'preg_last_error_msg', 'json_validate',
    'array_find', 'array_any', 'array_all', 'mb_str_pad', 'mb_trim', 'str_word_wrap', 'ini_parse_quantity', 'array_first', 'array_last',
];

$tests = [];
$sources = array_merge(glob(__DIR__ . '/../src/*.php') ?: [], [__DIR__ . '/../autoload.php'], glob(__DIR__ . '/../../../examples/php-addon/*.php') ?: []);
foreach ($sources as $path) {
    $tests['runs on PHP 7.4: ' . basename($path)] = static function () use ($path, $later): void {
        $tokens = token_get_all((string) file_get_contents($path));
        $code = '';
        foreach ($tokens as $token) {
            [$kind, $text] = is_array($token) ? [token_name($token[0]), $token[1]] : ['', $token];
            holds(!in_array($kind, ['T_MATCH', 'T_ENUM', 'T_READONLY', 'T_NULLSAFE_OBJECT_OPERATOR', 'T_ATTRIBUTE'], true), "$kind in $path");
            holds(!($kind === 'T_STRING' && in_array(strtolower($text), array_merge($later, ['mixed', 'never'], ['allowdynamicproperties', 'weakmap', 'stringable']), true)), "$text in $path");
            if ($kind === 'T_CONSTANT_ENCAPSED_STRING' || $kind === 'T_ENCAPSED_AND_WHITESPACE') {
                $text = "''";
            }
            $code .= in_array($kind, ['T_COMMENT', 'T_DOC_COMMENT'], true) ? ' ' : $text;
        }
        // union types, promoted properties, catch without a variable, named arguments, a comma after the last parameter, static as a type, throw as an expression
        foreach (['/function\s*\w*\s*\([^)]*\w\s*\|\s*\w[^)]*\$/', '/\)\s*:\s*\??\w+\s*\|/', '/__construct\s*\([^)]*\b(public|private|protected)\b/', '/catch\s*\(\s*[\w\\\\| ]+\)/',
            '/[(,]\s*[a-z]\w*:\s*[^:]/i', '/function\s*\w*\s*\([^()]*,\s*\)/', '/\)\s*:\s*\??static\b/', '/(\?\?|=>|\?:)\s*throw\b/', '/\w\(\.\.\.\)/', '/\bnew\b[^;]*\binitializer\b/', ] as $pattern) {
            same(0, preg_match($pattern, $code, $m), "$pattern in $path: " . ($m[0] ?? ''));
        }
    };
}

return $tests;
