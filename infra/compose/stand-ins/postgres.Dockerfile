# Stands for postgres:18-bookworm: the same user, folders and start-up, as far as docker-compose.yml uses them.
FROM sallyport-stand-in-base
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid postgres --home-dir /var/lib/postgresql postgres
COPY postgres /usr/lib/postgresql/18
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN mkdir -p /docker-entrypoint-initdb.d /var/lib/postgresql /var/run/postgresql
ENV PATH=/usr/lib/postgresql/18/bin:/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/18/docker LANG=C.UTF-8
ENTRYPOINT ["sh", "/usr/local/bin/docker-entrypoint.sh"]
CMD ["postgres"]
