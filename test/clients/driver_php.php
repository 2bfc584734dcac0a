<?php
// PHP's pgsql and PDO.
$pg = pg_connect('', PGSQL_CONNECT_FORCE_NEW);
echo 'server ', explode('.', pg_parameter_status($pg, 'server_version'))[0], ' ', pg_client_encoding($pg), "\n";
$pdo = connectPdo();
if (getenv('PLAIN')) exit;

function connectPdo(): PDO {
    $tls = getenv('PGSSLROOTCERT') ? ';sslmode=verify-full;sslrootcert=' . getenv('PGSSLROOTCERT') : ';sslmode=disable';
    $pdo = new PDO('pgsql:host=' . getenv('PGHOST') . ';port=' . getenv('PGPORT') . ';dbname=' . getenv('PGDATABASE') . $tls, getenv('PGUSER'), getenv('PGPASSWORD'));
    $pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
    return $pdo;
}
function step(string $name, callable $act): void {
    echo "-- $name\n";
    try { $act(); } catch (Throwable $e) { echo get_class($e), ' ', preg_replace('/\s+/', ' ', $e->getMessage()), "\n"; }
}
function rows($result): void {
    global $pg;
    if ($result === false) { echo trim(pg_last_error($pg)), "\n"; return; }
    echo json_encode(pg_fetch_all($result)), ' ', pg_cmdtuples($result), ' ', pg_num_fields($result) ? pg_field_type($result, 0) : '', "\n";
}
pg_query($pg, 'SET client_min_messages = warning; DROP SCHEMA IF EXISTS php CASCADE; CREATE SCHEMA php; CREATE TABLE php.t (id int PRIMARY KEY, name text)');
step('parameters', fn() => rows(pg_query_params($pg, 'SELECT $1::int, $2::text, $3::bool, $4::numeric, $5::text, $6::timestamptz, $7::jsonb, $8::int[]', [7, null, 't', '12.30', "it's \\ €", '2026-01-02 03:04:05+00', '{"a": 1}', '{1,NULL}'])));
step('a prepared statement', function () use ($pg) { pg_prepare($pg, 'plus', 'SELECT $1::int + 1 AS n'); foreach ([1, 2, 3] as $n) rows(pg_execute($pg, 'plus', [$n])); rows(pg_query($pg, 'DEALLOCATE plus')); rows(@pg_execute($pg, 'plus', [1])); });
foreach (['SELECT 1/0', 'SELEKT 1', 'SELECT nothing FROM php.t'] as $wrong) step($wrong, fn() => rows(@pg_query($pg, $wrong)));
step('error fields', function () use ($pg) { pg_send_query($pg, 'INSERT INTO php.t VALUES (NULL)'); $r = pg_get_result($pg); foreach ([PGSQL_DIAG_SQLSTATE, PGSQL_DIAG_MESSAGE_PRIMARY, PGSQL_DIAG_MESSAGE_DETAIL] as $field) echo pg_result_error_field($r, $field), "\n"; });
step('insert, update, convert', function () use ($pg) { pg_query($pg, "SET search_path = php"); var_dump(pg_insert($pg, 't', ['id' => 1, 'name' => 'x']) !== false); var_dump(pg_update($pg, 't', ['name' => 'y'], ['id' => 1])); echo json_encode(pg_meta_data($pg, 't')), "\n"; pg_query($pg, 'RESET search_path'); });
step('COPY', function () use ($pg) { echo json_encode(pg_copy_from($pg, 'php.t', array_map(fn($n) => "$n\tx\n", range(100, 1100)))), count(pg_copy_to($pg, 'php.t')), "\n"; });
step('LISTEN and NOTIFY', function () use ($pg) { pg_query($pg, 'LISTEN php_channel'); pg_query($pg, "NOTIFY php_channel, 'hello'"); $n = pg_get_notify($pg); echo $n['message'], ' ', $n['payload'], "\n"; });
step('cancel', function () use ($pg) { pg_send_query($pg, 'SELECT pg_sleep(60)'); usleep(500000); var_dump(pg_cancel_query($pg)); rows(pg_query($pg, 'SELECT 6')); });
step('several statements', fn() => rows(pg_query($pg, 'SELECT 1; SELECT 2 AS b')));
step('large rows', function () use ($pg) { $r = pg_fetch_row(pg_query_params($pg, "SELECT repeat('ab', 4000000), md5(\$1)", [str_repeat('y', 900000)])); echo md5($r[0]), ' ', $r[1], "\n"; });

$show = function ($statement) { echo json_encode($statement->fetchAll(PDO::FETCH_ASSOC)), ' ', json_encode(array_map(fn($n) => $statement->getColumnMeta($n)['native_type'], range(0, $statement->columnCount() - 1))), "\n"; };
step('PDO: parameters', function () use ($pdo, $show) { $s = $pdo->prepare('SELECT :i::int AS i, :t::text AS t, :b::bool AS b, :n::numeric AS n'); $s->bindValue('i', 7, PDO::PARAM_INT); $s->bindValue('t', null); $s->bindValue('b', true, PDO::PARAM_BOOL); $s->bindValue('n', '12.30'); $s->execute(); $show($s); $s->execute(); $show($s); });
step('PDO: emulated', function () use ($pdo, $show) { $s = $pdo->prepare('SELECT ? AS a, ? AS b', [PDO::ATTR_EMULATE_PREPARES => true]); $s->execute([1, "it's"]); $show($s); });
step('PDO: bytea', function () use ($pdo) { $s = $pdo->prepare('SELECT ?::bytea AS a'); $s->bindValue(1, "\0\xff", PDO::PARAM_LOB); $s->execute(); $s->bindColumn(1, $lob, PDO::PARAM_LOB); $s->fetch(PDO::FETCH_BOUND); echo bin2hex(stream_get_contents($lob)), "\n"; });
foreach (['SELECT 1/0', 'SELEKT 1', 'INSERT INTO php.t VALUES (NULL)'] as $wrong) { step("PDO: $wrong", fn() => $pdo->query($wrong)); step("PDO: $wrong, prepared", fn() => $pdo->prepare($wrong)->execute()); }
step('PDO: a transaction that fails', function () use ($pdo, $show) { $pdo->beginTransaction(); try { $pdo->exec('SELECT 1/0'); } catch (PDOException $e) { echo $e->getCode(), "\n"; } try { $pdo->exec('SELECT 1'); } catch (PDOException $e) { echo $e->getCode(), "\n"; } $pdo->rollBack(); $show($pdo->query('SELECT count(*) FROM php.t')); });
step('PDO: a scrollable cursor', function () use ($pdo) { $pdo->beginTransaction(); $s = $pdo->prepare('SELECT id FROM php.t ORDER BY id', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]); $s->execute(); echo json_encode([$s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST), $s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_FIRST)]), "\n"; $pdo->commit(); });
step('PDO: COPY', function () use ($pdo) { var_dump($pdo->pgsqlCopyFromArray('php.t', ["5000\tx", "5001\ty"])); echo count($pdo->pgsqlCopyToArray('php.t')), "\n"; });
step('PDO: the session ends', fn() => $pdo->query('SELECT pg_terminate_backend(pg_backend_pid())'));
step('PDO: reconnect', fn() => $show(connectPdo()->query('SELECT current_database()')));
