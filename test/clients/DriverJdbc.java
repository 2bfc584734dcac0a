import java.io.StringReader;
import java.io.StringWriter;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;

/** pgjdbc. */
public class DriverJdbc {
  interface Act {
    void run() throws Exception;
  }

  static Connection db;

  static void step(String name, Act act) {
    System.out.println("-- " + name);
    try {
      act.run();
    } catch (SQLException error) {
      String text = error.getMessage();
      System.out.println(error.getSQLState() + " " + text.split("\n")[0]);
      if (error.getNextException() != null) System.out.println("next " + error.getNextException().getSQLState());
    } catch (Exception error) {
      System.out.println(error);
    }
  }

  static Connection connect(String... over) throws SQLException {
    Properties settings = new Properties();
    settings.setProperty("user", System.getenv("PGUSER"));
    settings.setProperty("password", System.getenv("PGPASSWORD"));
    String ca = System.getenv("PGSSLROOTCERT");
    settings.setProperty("sslmode", ca == null ? "disable" : "verify-full");
    if (ca != null) settings.setProperty("sslrootcert", ca);
    for (int at = 0; at < over.length; at += 2) settings.setProperty(over[at], over[at + 1]);
    String place = System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
    return DriverManager.getConnection("jdbc:postgresql://" + place, settings);
  }

  static void show(ResultSet rows) throws SQLException {
    ResultSetMetaData meta = rows.getMetaData();
    StringBuilder out = new StringBuilder();
    for (int at = 1; at <= meta.getColumnCount(); at++) out.append(meta.getColumnName(at)).append(':').append(meta.getColumnTypeName(at)).append(' ');
    while (rows.next()) {
      out.append('|');
      for (int at = 1; at <= meta.getColumnCount(); at++) {
        Object value = rows.getObject(at);
        out.append(value instanceof byte[] ? Arrays.toString((byte[]) value) : String.valueOf(value)).append(',');
      }
    }
    System.out.println(out);
  }

  static void query(String text, Object... values) throws SQLException {
    try (PreparedStatement statement = db.prepareStatement(text)) {
      for (int at = 0; at < values.length; at++) statement.setObject(at + 1, values[at]);
      show(statement.executeQuery());
    }
  }

  static String md5(String text) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(text.getBytes("UTF-8")));
  }

  public static void main(String[] args) throws Exception {
    db = connect();
    System.out.println(db.getMetaData().getDatabaseMajorVersion());
    if (System.getenv("PLAIN") != null) return;
    try (Statement statement = db.createStatement()) {
      statement.execute("DROP SCHEMA IF EXISTS jdbc CASCADE; CREATE SCHEMA jdbc; CREATE TABLE jdbc.t (id serial PRIMARY KEY, name text, doc jsonb)");
    }
    // From the fifth execution on the driver prepares by name and asks for binary.
    step("parameters, again and again", () -> {
      String text = "SELECT ?::int, ?::text, ?::bool, ?::float8, ?::numeric, ?::bytea, ?::timestamptz AT TIME ZONE 'UTC', ?::uuid, ?::jsonb::text";
      try (PreparedStatement statement = db.prepareStatement(text)) {
        for (int round = 0; round < 7; round++) {
          statement.setInt(1, round);
          statement.setNull(2, Types.VARCHAR);
          statement.setBoolean(3, true);
          statement.setDouble(4, 1.5);
          statement.setBigDecimal(5, new java.math.BigDecimal("12345678901234567890.12"));
          statement.setBytes(6, new byte[] {0, -1});
          statement.setObject(7, java.time.OffsetDateTime.parse("2026-01-02T03:04:05Z"));
          statement.setObject(8, new UUID(0, 5));
          statement.setString(9, "{\"a\": [1, null]}");
          show(statement.executeQuery());
        }
      }
    });
    step("arrays", () -> query("SELECT ?::int[], ?::text[]", db.createArrayOf("int4", new Object[] {1, null}), db.createArrayOf("text", new Object[] {"a,b", "q\""})));
    step("generated keys", () -> {
      try (PreparedStatement statement = db.prepareStatement("INSERT INTO jdbc.t (name) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
        statement.setString(1, "x");
        statement.executeUpdate();
        show(statement.getGeneratedKeys());
      }
    });
    step("a batch", () -> {
      try (PreparedStatement statement = db.prepareStatement("INSERT INTO jdbc.t (name) VALUES (?)")) {
        for (int n = 0; n < 300; n++) {
          statement.setString(1, "n" + n);
          statement.addBatch();
        }
        System.out.println(Arrays.stream(statement.executeBatch()).sum());
      }
    });
    step("a batch that fails", () -> {
      try (PreparedStatement statement = db.prepareStatement("INSERT INTO jdbc.t (id) VALUES (?)")) {
        for (int n : new int[] {5000, 1, 5001}) {
          statement.setInt(1, n);
          statement.addBatch();
        }
        statement.executeBatch();
      }
    });
    for (String wrong : List.of("SELECT 1/0", "SELEKT 1", "INSERT INTO jdbc.t (id) VALUES (1)", "SELECT nothing FROM jdbc.t")) {
      step(wrong, () -> {
        try (Statement statement = db.createStatement()) {
          statement.execute(wrong);
        } catch (PSQLException error) {
          System.out.println(error.getServerErrorMessage().getPosition() + " " + error.getServerErrorMessage().getConstraint());
          throw error;
        }
      });
    }
    step("several statements", () -> {
      try (Statement statement = db.createStatement()) {
        boolean more = statement.execute("SELECT 1 AS a; UPDATE jdbc.t SET name = name; SELECT 2 AS b");
        while (more || statement.getUpdateCount() != -1) {
          if (more) show(statement.getResultSet());
          else System.out.println(statement.getUpdateCount());
          more = statement.getMoreResults();
        }
      }
    });
    step("a transaction that fails, and its savepoint", () -> {
      db.setAutoCommit(false);
      Savepoint savepoint = db.setSavepoint("a");
      step("inner", () -> query("SELECT 1/0"));
      step("after", () -> query("SELECT 1"));
      db.rollback(savepoint);
      query("SELECT count(*) FROM jdbc.t");
      db.commit();
    });
    step("portions", () -> {
      try (PreparedStatement statement = db.prepareStatement("SELECT id FROM jdbc.t ORDER BY id")) {
        statement.setFetchSize(17);
        long sum = 0;
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) sum += rows.getInt(1);
        }
        System.out.println(sum);
      }
      db.commit();
      db.setAutoCommit(true);
    });
    step("COPY", () -> {
      CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();
      StringBuilder in = new StringBuilder();
      for (int n = 10_000; n < 12_000; n++) in.append(n).append("\tx\n");
      System.out.println(copy.copyIn("COPY jdbc.t (id, name) FROM STDIN", new StringReader(in.toString())));
      StringWriter out = new StringWriter();
      System.out.println(copy.copyOut("COPY (SELECT id, name FROM jdbc.t WHERE id >= 10000 ORDER BY id) TO STDOUT", out) + " " + md5(out.toString()));
    });
    step("LISTEN and NOTIFY", () -> {
      try (Statement statement = db.createStatement()) {
        statement.execute("LISTEN jdbc_channel");
        statement.execute("NOTIFY jdbc_channel, 'hello'");
      }
      for (var one : db.unwrap(PGConnection.class).getNotifications(5000)) System.out.println(one.getName() + " " + one.getParameter());
    });
    step("cancel", () -> {
      try (Statement statement = db.createStatement()) {
        new Timer(true).schedule(new TimerTask() {
          @Override
          public void run() {
            try {
              statement.cancel();
            } catch (SQLException error) {
              System.out.println(error);
            }
          }
        }, 500);
        statement.execute("SELECT pg_sleep(60)");
      }
    });
    step("time-out", () -> {
      try (Statement statement = db.createStatement()) {
        statement.setQueryTimeout(1);
        statement.execute("SELECT pg_sleep(60)");
      }
    });
    step("the catalog, as tools ask for it", () -> {
      DatabaseMetaData meta = db.getMetaData();
      try (ResultSet rows = meta.getColumns(null, "jdbc", "t", "%")) {
        while (rows.next()) System.out.println(rows.getString("COLUMN_NAME") + " " + rows.getString("TYPE_NAME") + " " + rows.getString("IS_AUTOINCREMENT"));
      }
      try (ResultSet rows = meta.getPrimaryKeys(null, "jdbc", "t")) {
        show(rows);
      }
      try (ResultSet rows = meta.getIndexInfo(null, "jdbc", "t", false, false)) {
        while (rows.next()) System.out.println(rows.getString("INDEX_NAME"));
      }
    });
    step("large rows", () -> {
      try (PreparedStatement statement = db.prepareStatement("SELECT repeat('ab', 4000000), md5(?)")) {
        statement.setString(1, "y".repeat(900_000));
        ResultSet rows = statement.executeQuery();
        rows.next();
        System.out.println(md5(rows.getString(1)) + " " + rows.getString(2));
      }
    });
    step("simple query mode", () -> {
      try (Connection simple = connect("preferQueryMode", "simple"); PreparedStatement statement = simple.prepareStatement("SELECT ?::int, ?")) {
        statement.setInt(1, 7);
        statement.setString(2, "it's \\");
        show(statement.executeQuery());
      }
    });
    step("the session ends", () -> query("SELECT pg_terminate_backend(pg_backend_pid())"));
    System.out.println(db.isValid(2));
    step("reconnect", () -> {
      db = connect();
      query("SELECT current_database()");
    });
  }
}
