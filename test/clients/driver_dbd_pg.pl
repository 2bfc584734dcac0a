# DBD::Pg.
use strict;
use warnings;
use DBI;
use DBD::Pg qw(:pg_types :async);
use Digest::MD5 qw(md5_hex);
$| = 1;

my $connect = sub { DBI->connect('dbi:Pg:', undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 0 }) };
my $dbh = $connect->();
print "server ", int($dbh->{pg_server_version} / 10000), "\n";
exit if $ENV{PLAIN};

sub step {
    my ($name, $act) = @_;
    print "-- $name\n";
    eval { $act->(); 1 } or do { my $why = $@; $why =~ s/ at \S+ line \d+.*//s; print(($dbh->state || ''), " $why\n") };
}
sub text { join '|', map { my $row = $_; join ',', map { defined $_ ? ref $_ ? '{' . join(',', map { defined $_ ? $_ : 'NULL' } @$_) . '}' : $_ : 'NULL' } @$row } @{ $_[0] } }
sub show { my ($sql, @values) = @_; print text($dbh->selectall_arrayref($sql, undef, @values)), "\n" }

$dbh->do("SET client_min_messages = warning");
$dbh->do("DROP SCHEMA IF EXISTS dbd CASCADE");
$dbh->do("CREATE SCHEMA dbd");
$dbh->do("CREATE TABLE dbd.t (id int PRIMARY KEY, name text, bits bytea)");
step 'parameters', sub { show('SELECT ?::int, ?::text, ?::bool, ?::numeric, ?::text, ?::timestamptz, ?::jsonb, ?::int[], ?::text[]', 7, undef, 1, '12.30', "it's \\ x", '2026-01-02 03:04:05+00', '{"a": 1}', [1, 2], ['a,b', undef]) };
step 'bytea', sub {
    my $sth = $dbh->prepare('INSERT INTO dbd.t VALUES (0, ?, ?) RETURNING bits');
    $sth->bind_param(1, 'x');
    $sth->bind_param(2, "\0\xff\\'", { pg_type => PG_BYTEA });
    $sth->execute;
    print unpack('H*', $sth->fetchrow_array), "\n";
};
step 'a prepared statement again and again', sub {
    my $sth = $dbh->prepare('SELECT ?::int + 1');
    for my $n (1 .. 5) { $sth->execute($n); print $sth->fetchrow_array, "\n" }
    print join(',', @{ $sth->{pg_type} }, @{ $sth->{NAME} }), "\n";
};
step 'many rows', sub { my $sth = $dbh->prepare('INSERT INTO dbd.t VALUES (?, ?)'); $sth->execute_array({}, [1 .. 100], [map { "n$_" } 1 .. 100]); show('SELECT count(*), sum(id) FROM dbd.t') };
for my $wrong ('SELECT 1/0', 'SELEKT 1', 'INSERT INTO dbd.t VALUES (1)', 'SELECT nothing FROM dbd.t') {
    step $wrong, sub { $dbh->do($wrong) };
    step "$wrong, prepared", sub { my $sth = $dbh->prepare("$wrong"); $sth->execute };
}
step 'a transaction that fails, and its savepoint', sub {
    $dbh->begin_work;
    $dbh->pg_savepoint('a');
    eval { $dbh->do('SELECT 1/0') };
    print $dbh->state, ' ', $dbh->ping, "\n";
    eval { $dbh->do('SELECT 1') };
    print $dbh->state, "\n";
    $dbh->pg_rollback_to('a');
    show('SELECT 5');
    $dbh->commit;
};
step 'a cursor', sub { $dbh->begin_work; $dbh->do('DECLARE c CURSOR FOR SELECT id FROM dbd.t ORDER BY id'); show('FETCH 3 FROM c'); show('FETCH ABSOLUTE 50 FROM c'); $dbh->commit };
step 'COPY in', sub { $dbh->do('COPY dbd.t (id, name) FROM STDIN'); $dbh->pg_putcopydata("$_\tx\n") for 1000 .. 3000; $dbh->pg_putcopyend; show('SELECT count(*) FROM dbd.t') };
step 'COPY out', sub { $dbh->do('COPY (SELECT id, name FROM dbd.t ORDER BY id) TO STDOUT'); my ($all, $line) = (''); $all .= $line while $dbh->pg_getcopydata(\$line) >= 0; print md5_hex($all), "\n" };
step 'LISTEN and NOTIFY', sub { $dbh->do('LISTEN dbd_channel'); $dbh->do("NOTIFY dbd_channel, 'hello'"); my $got = $dbh->pg_notifies; print "$got->[0] $got->[2]\n" };
step 'asynchronous, and cancelled', sub {
    $dbh->do('SELECT pg_sleep(60)', { pg_async => PG_ASYNC });
    select undef, undef, undef, 0.5;
    print $dbh->pg_cancel, "\n";
    show('SELECT 6');
};
step 'the catalog, as tools ask for it', sub {
    print text($dbh->column_info(undef, 'dbd', 't', '%')->fetchall_arrayref([3, 4, 5, 10])), "\n";
    print text($dbh->primary_key_info(undef, 'dbd', 't')->fetchall_arrayref([3])), "\n";
    print join(',', grep { /dbd/ } $dbh->tables('', 'dbd', '', '')), "\n";
};
step 'large rows', sub { my ($a, $b) = $dbh->selectrow_array("SELECT repeat('ab', 4000000), md5(?)", undef, 'y' x 900_000); print md5_hex($a), " $b\n" };
step 'the session ends', sub { $dbh->do('SELECT pg_terminate_backend(pg_backend_pid())') };
step 'reconnect', sub { $dbh = $connect->(); show('SELECT current_database()') };
