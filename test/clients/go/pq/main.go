// lib/pq.
package main

import (
	"context"
	"crypto/md5"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

func settings() string {
	mode := "disable"
	if ca := os.Getenv("PGSSLROOTCERT"); ca != "" {
		mode = "verify-full sslrootcert='" + ca + "'"
	}
	return fmt.Sprintf("host=%s port=%s dbname=%s user=%s password='%s' sslmode=%s", os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGDATABASE"), os.Getenv("PGUSER"), os.Getenv("PGPASSWORD"), mode)
}

func step(name string, act func() error) {
	fmt.Println("--", name)
	if err := act(); err != nil {
		var said *pq.Error
		if errors.As(err, &said) {
			fmt.Println(said.Code, said.Severity, said.Message, said.Detail, said.Position, said.Constraint)
		} else {
			fmt.Println(err)
		}
	}
}

func show(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	for _, one := range types {
		fmt.Print(one.Name(), ":", one.DatabaseTypeName(), " ")
	}
	for rows.Next() {
		values := make([]any, len(types))
		places := make([]any, len(types))
		for at := range values {
			places[at] = &values[at]
		}
		if err := rows.Scan(places...); err != nil {
			return err
		}
		fmt.Printf("%v ", values)
	}
	fmt.Println()
	return rows.Err()
}

func main() {
	db, err := sql.Open("postgres", settings())
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1)
	var version string
	if err := db.QueryRow("SHOW server_version_num").Scan(&version); err != nil {
		panic(err)
	}
	fmt.Println(version[:2])
	if os.Getenv("PLAIN") != "" {
		return
	}
	if _, err := db.Exec("DROP SCHEMA IF EXISTS libpq CASCADE; CREATE SCHEMA libpq; CREATE TABLE libpq.t (id int PRIMARY KEY, name text)"); err != nil {
		panic(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	step("parameters", func() error {
		return show(db.Query("SELECT $1::int, $2::text, $3::bool, $4::float8, $5::numeric, $6::text, $7::bytea, $8::timestamptz AT TIME ZONE 'UTC', $9::jsonb, $10::int[], $11::text[]", 7, nil, true, 1.5, "12.30", "naïve ' \\ €", []byte{0, 255}, at, `{"a": 1}`, pq.Array([]int{1, 2}), pq.Array([]string{"a,b", `q"`})))
	})
	step("prepared", func() error {
		statement, err := db.Prepare("SELECT $1::int + 1 AS n")
		if err != nil {
			return err
		}
		defer statement.Close()
		for n := 0; n < 4; n++ {
			if err := show(statement.Query(n)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, wrong := range []string{"SELECT 1/0", "SELEKT 1", "INSERT INTO libpq.t VALUES (NULL)", "SELECT nothing FROM libpq.t"} {
		step(wrong, func() error { _, err := db.Exec(wrong); return err })
		step(wrong+", prepared", func() error { _, err := db.Prepare(wrong); return err })
	}
	step("a transaction that fails, and its savepoint", func() error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		tx.Exec("INSERT INTO libpq.t SELECT n, 'n' || n FROM generate_series(1, 100) n")
		tx.Exec("SAVEPOINT a")
		step("inner", func() error { _, err := tx.Exec("INSERT INTO libpq.t VALUES (1)"); return err })
		step("after", func() error { _, err := tx.Exec("SELECT 1"); return err })
		tx.Exec("ROLLBACK TO a")
		if err := show(tx.Query("SELECT count(*) FROM libpq.t")); err != nil {
			return err
		}
		return tx.Commit()
	})
	step("COPY", func() error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		statement, err := tx.Prepare(pq.CopyInSchema("libpq", "t", "id", "name"))
		if err != nil {
			return err
		}
		for n := 1000; n < 3000; n++ {
			if _, err := statement.Exec(n, "x"); err != nil {
				return err
			}
		}
		if _, err := statement.Exec(); err != nil {
			return err
		}
		statement.Close()
		if err := tx.Commit(); err != nil {
			return err
		}
		return show(db.Query("SELECT count(*), sum(id) FROM libpq.t"))
	})
	step("LISTEN and NOTIFY", func() error {
		listener := pq.NewListener(settings(), time.Second, time.Second, nil)
		defer listener.Close()
		if err := listener.Listen("libpq_channel"); err != nil {
			return err
		}
		if _, err := db.Exec("SELECT pg_notify('libpq_channel', 'hello')"); err != nil {
			return err
		}
		for heard := range listener.Notify {
			if heard != nil {
				fmt.Println(heard.Channel, heard.Extra)
				return nil
			}
		}
		return nil
	})
	step("cancel", func() error {
		ctx, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer stop()
		_, err := db.ExecContext(ctx, "SELECT pg_sleep(60)")
		return err
	})
	step("large rows", func() error {
		var a, b string
		if err := db.QueryRow("SELECT repeat('ab', 4000000), md5($1)", strings.Repeat("y", 900_000)).Scan(&a, &b); err != nil {
			return err
		}
		fmt.Printf("%x %s\n", md5.Sum([]byte(a)), b)
		return nil
	})
	step("the session ends, and the pool connects again", func() error {
		_, err := db.Exec("SELECT pg_terminate_backend(pg_backend_pid())")
		fmt.Println(err != nil)
		return show(db.Query("SELECT current_database()"))
	})
}
