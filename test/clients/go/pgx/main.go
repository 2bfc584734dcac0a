// pgx.
package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var ctx = context.Background()
var conn *pgx.Conn

func step(name string, act func() error) {
	fmt.Println("--", name)
	if err := act(); err != nil {
		var said *pgconn.PgError
		if errors.As(err, &said) {
			fmt.Println(said.Code, said.Severity, said.Message, said.Detail, said.Position, said.ConstraintName)
		} else {
			fmt.Println(err)
		}
	}
}

func show(rows pgx.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for _, one := range rows.FieldDescriptions() {
		fmt.Print(one.Name, ":", one.DataTypeOID, ":", one.Format, " ")
	}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		fmt.Printf("%v ", values)
	}
	fmt.Println(rows.CommandTag())
	return rows.Err()
}

func main() {
	var err error
	if conn, err = pgx.Connect(ctx, ""); err != nil {
		panic(err)
	}
	fmt.Println(strings.Split(conn.PgConn().ParameterStatus("server_version"), ".")[0])
	if os.Getenv("PLAIN") != "" {
		return
	}
	if _, err := conn.Exec(ctx, "DROP SCHEMA IF EXISTS pgx CASCADE; CREATE SCHEMA pgx; CREATE TABLE pgx.t (id int PRIMARY KEY, name text)"); err != nil {
		panic(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	text := "SELECT $1::int, $2::text, $3::bool, $4::float8, $5::numeric::text, $6::text, $7::bytea, $8::timestamp, $9::jsonb, $10::int[], $11::text[]"
	values := []any{7, nil, true, 1.5, "12.30", "naïve ' \\ €", []byte{0, 255}, at, map[string]any{"a": 1}, []int{1, 2}, []string{"a,b", `q"`}}
	for n := 0; n < 2; n++ {
		step("parameters", func() error { return show(conn.Query(ctx, text, values...)) })
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		step(fmt.Sprint("parameters, ", mode), func() error {
			return show(conn.Query(ctx, "SELECT $1::int, $2::text, $3::bool, $4::text[]", mode, 7, "it's \\", true, []string{"a,b"}))
		})
	}
	for _, wrong := range []string{"SELECT 1/0", "SELEKT 1", "INSERT INTO pgx.t VALUES (NULL)", "SELECT nothing FROM pgx.t"} {
		step(wrong, func() error { _, err := conn.Exec(ctx, wrong); return err })
		step(wrong+", prepared", func() error { return show(conn.Query(ctx, wrong)) })
	}
	step("a batch", func() error {
		batch := &pgx.Batch{}
		for n := 0; n < 100; n++ {
			batch.Queue("INSERT INTO pgx.t VALUES ($1, $2)", n, fmt.Sprint("n", n))
		}
		batch.Queue("SELECT count(*) FROM pgx.t").QueryRow(func(row pgx.Row) error { var n int; err := row.Scan(&n); fmt.Println(n); return err })
		return conn.SendBatch(ctx, batch).Close()
	})
	step("a batch that fails is undone", func() error {
		batch := &pgx.Batch{}
		batch.Queue("INSERT INTO pgx.t VALUES (500)")
		batch.Queue("INSERT INTO pgx.t VALUES (1)")
		batch.Queue("INSERT INTO pgx.t VALUES (501)")
		return conn.SendBatch(ctx, batch).Close()
	})
	step("its rows", func() error { return show(conn.Query(ctx, "SELECT count(*) FROM pgx.t")) })
	step("a pipeline", func() error {
		pipe := conn.PgConn().StartPipeline(ctx)
		for n := 0; n < 3; n++ {
			pipe.SendQueryParams("SELECT $1::text", [][]byte{[]byte(fmt.Sprint(n))}, nil, nil, nil)
			pipe.Sync()
		}
		pipe.SendQueryParams("SELECT 1/0", nil, nil, nil, nil)
		pipe.SendQueryParams("SELECT 2", nil, nil, nil, nil)
		if err := pipe.Sync(); err != nil {
			return err
		}
		for {
			results, err := pipe.GetResults()
			if err != nil {
				fmt.Println(err)
				if !errors.As(err, new(*pgconn.PgError)) {
					break
				}
				continue
			}
			switch got := results.(type) {
			case *pgconn.ResultReader:
				read := got.Read()
				fmt.Printf("%s %v\n", read.Rows, read.Err)
				continue
			case *pgconn.PipelineSync:
				fmt.Println("sync")
				continue
			}
			break
		}
		return pipe.Close()
	})
	step("a transaction that fails, and its savepoint", func() error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		inner, _ := tx.Begin(ctx)
		step("inner", func() error { _, err := inner.Exec(ctx, "SELECT 1/0"); return err })
		step("after", func() error { _, err := inner.Exec(ctx, "SELECT 1"); return err })
		inner.Rollback(ctx)
		if err := show(tx.Query(ctx, "SELECT 5")); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	step("COPY", func() error {
		rows := make([][]any, 2000)
		for n := range rows {
			rows[n] = []any{n + 1000, "x"}
		}
		copied, err := conn.CopyFrom(ctx, pgx.Identifier{"pgx", "t"}, []string{"id", "name"}, pgx.CopyFromRows(rows))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY (SELECT * FROM pgx.t ORDER BY id) TO STDOUT")
		fmt.Printf("%d %s %x\n", copied, tag, md5.Sum(out.Bytes()))
		return err
	})
	step("LISTEN and NOTIFY", func() error {
		conn.Exec(ctx, "LISTEN pgx_channel")
		conn.Exec(ctx, "NOTIFY pgx_channel, 'hello'")
		heard, err := conn.WaitForNotification(ctx)
		if err == nil {
			fmt.Println(heard.Channel, heard.Payload)
		}
		return err
	})
	step("cancel", func() error {
		time.AfterFunc(500*time.Millisecond, func() { conn.PgConn().CancelRequest(ctx) })
		_, err := conn.Exec(ctx, "SELECT pg_sleep(60)")
		return err
	})
	step("large rows", func() error {
		var a, b string
		if err := conn.QueryRow(ctx, "SELECT repeat('ab', 4000000), md5($1)", strings.Repeat("y", 900_000)).Scan(&a, &b); err != nil {
			return err
		}
		fmt.Printf("%x %s\n", md5.Sum([]byte(a)), b)
		return nil
	})
	step("the session ends", func() error { _, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pg_backend_pid())"); return err })
	fmt.Println(conn.IsClosed())
	step("reconnect", func() error {
		if conn, err = pgx.Connect(ctx, ""); err != nil {
			return err
		}
		return show(conn.Query(ctx, "SELECT current_database()"))
	})
}
